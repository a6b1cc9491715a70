using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Care;

/// <summary>
/// A check that knocks at a port of the device's loopback, or asks an HTTP server there, in a thread of its own that ends in time
/// whatever the other side does. Of an answer no more than its first line counts; where it redirects to, nobody goes.
/// </summary>
internal sealed class NetworkProbe : IProbe
{
    private const int StackBytes = 256 * 1024;

    /// <summary>The longest first line of an answer, in bytes.</summary>
    private const int MaxLineBytes = 4096;

    /// <summary>How much of an answer is taken, so that the other side is not cut off in the middle of a short one.</summary>
    private const int MaxAnswerBytes = 64 * 1024;

    private static readonly IPAddress[] _local = [IPAddress.Loopback, IPAddress.IPv6Loopback];
    private static readonly TimeSpan _answerPatience = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly TimeSpan _limit;
    private readonly double _limitSeconds;
    private string? _problem;
    private volatile bool _isOver;

    /// <summary>Starts it.</summary>
    /// <param name="check">TCP or HTTP.</param>
    /// <param name="over">Called, in its own thread, when it is over.</param>
    public NetworkProbe(HealthCheck check, Action over)
    {
        (_limit, _limitSeconds) = (TimeSpan.FromSeconds(check.TimeoutSeconds), check.TimeoutSeconds);
        new Thread(() => Run(check, over), StackBytes) { IsBackground = true, Name = "check" }.Start();
    }

    /// <inheritdoc/>
    public ProbeResult? Result => _isOver ? new ProbeResult(_problem) : null;

    /// <inheritdoc/>
    public void Abandon()
    {
        // it ends by itself, at the same time
    }

    private void Run(HealthCheck check, Action over)
    {
        try
        {
            _problem = check.HttpUrl is { } url ? AskHttp(url) : Connect(_local, check.TcpPort!.Value, static _ => null);
        }
        catch (Exception problem) when (problem is SocketException or IOException or ObjectDisposedException)
        {
            _problem = problem.Message;
        }

        _isOver = true;
        over();
    }

    private string? AskHttp(string url)
    {
        if (SupervisionRules.ParseUrl(url) is not { } to || HostsOf(to.Host) is not { } hosts)
        {
            return $"'{url}' is not on this device's loopback.";
        }

        var request = Encoding.ASCII.GetBytes($"GET {to.Path} HTTP/1.1\r\nHost: {to.Authority}\r\nUser-Agent: operone\r\nAccept: */*\r\nConnection: close\r\n\r\n");
        return Connect(hosts, to.Port, socket => Ask(socket, request));
    }

    /// <summary>Never by a resolver, whose answer may be anything.</summary>
    private static IPAddress[]? HostsOf(string host) =>
        host == "localhost" ? _local : IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address) ? [address] : null;

    /// <summary>Connects to the first host that takes it, and goes on there. Gives the problem, or null.</summary>
    private string? Connect(IReadOnlyList<IPAddress> hosts, int port, Func<Socket, string?> then)
    {
        foreach (var host in hosts)
        {
            using var socket = TryOpen(host.AddressFamily);
            if (socket is null)
            {
                continue;
            }

            if (IsConnected(socket, new IPEndPoint(host, port)))
            {
                return then(socket);
            }

            if (Left == 0)
            {
                return TooLong("took no connection");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"Nothing takes connections at port {port}.");
    }

    private static Socket? TryOpen(AddressFamily family)
    {
        try
        {
            return new Socket(family, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        }
        catch (SocketException)
        {
            return null; // a device without IPv6
        }
    }

    private bool IsConnected(Socket socket, IPEndPoint to)
    {
        try
        {
            socket.Connect(to);
            return true;
        }
        catch (SocketException problem) when (problem.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            return socket.Poll(Left, SelectMode.SelectWrite) && (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! == 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string? Ask(Socket socket, byte[] request)
    {
        for (var sent = 0; sent < request.Length;)
        {
            if (!socket.Poll(Left, SelectMode.SelectWrite))
            {
                return TooLong("took no request");
            }

            sent += socket.Send(request, sent, request.Length - sent, SocketFlags.None);
        }

        var answer = new byte[MaxLineBytes];
        var length = 0;
        while (length < answer.Length && answer.AsSpan(0, length).IndexOf((byte)'\n') < 0)
        {
            if (!socket.Poll(Left, SelectMode.SelectRead))
            {
                return TooLong("gave no answer");
            }

            var count = socket.Receive(answer, length, answer.Length - length, SocketFlags.None);
            if (count == 0)
            {
                break;
            }

            length += count;
        }

        var problem = Judge(answer.AsSpan(0, length));
        TakeTheRest(socket, answer);
        return problem;
    }

    /// <summary>RFC 9112, section 4: "HTTP/1.1 200 OK".</summary>
    private static string? Judge(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf((byte)'\n');
        var line = end < 0 ? "" : Encoding.ASCII.GetString(answer[..end]).TrimEnd('\r');
        var parts = line.Split(' ', 3);
        return parts.Length < 2 || !parts[0].StartsWith("HTTP/1.", StringComparison.Ordinal) || parts[1].Length != 3
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? "The answer is not HTTP."
            : code is >= 200 and < 400 ? null
            : string.Create(CultureInfo.InvariantCulture, $"The answer has status {code}.");
    }

    private void TakeTheRest(Socket socket, byte[] buffer)
    {
        try
        {
            var until = _watch.Elapsed + _answerPatience;
            for (var taken = 0; taken < MaxAnswerBytes && _watch.Elapsed < until && socket.Poll(Math.Min(Left, (int)_answerPatience.TotalMicroseconds), SelectMode.SelectRead);)
            {
                var count = socket.Receive(buffer);
                taken += count > 0 ? count : MaxAnswerBytes;
            }
        }
        catch (SocketException)
        {
            // its first line has said all
        }
    }

    /// <summary>How long there is, in microseconds.</summary>
    private int Left => (int)Math.Clamp((_limit - _watch.Elapsed).TotalMicroseconds, 0, int.MaxValue);

    private string TooLong(string what) => string.Create(CultureInfo.InvariantCulture, $"It {what} within {_limitSeconds} s.");
}
