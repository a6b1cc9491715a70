using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Operone.Tests.Hosting;

/// <summary>A mail server on a free port of the loopback address: as much of SMTP (RFC 5321) as taking a mail needs, with AUTH PLAIN.</summary>
internal sealed class FakeMailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    public FakeMailServer()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>Its name and port.</summary>
    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>The mails that it took, as they came.</summary>
    public ConcurrentQueue<string> Mails { get; } = new();

    /// <summary>Whom it signed in, as <c>user:password</c>.</summary>
    public ConcurrentQueue<string> SignedIn { get; } = new();

    /// <summary>Whether it refuses every recipient.</summary>
    public bool Refuses { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _serving;
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_end.Token);
                await TalkAsync(client);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException)
            {
                // The end of the server, or of a client.
            }
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        await using var writer = new StreamWriter(client.GetStream(), Encoding.Latin1) { NewLine = "\r\n", AutoFlush = true };
        await writer.WriteLineAsync("220 fake ESMTP");
        while (await reader.ReadLineAsync(_end.Token) is { } line)
        {
            switch (line.Split(' ')[0].ToUpperInvariant())
            {
                case "EHLO":
                    await writer.WriteLineAsync("250-fake\r\n250 AUTH PLAIN");
                    break;
                case "AUTH":
                    var parts = Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[2])).Split('\0');
                    SignedIn.Enqueue($"{parts[1]}:{parts[2]}");
                    await writer.WriteLineAsync("235 ok");
                    break;
                case "RCPT" when Refuses:
                    await writer.WriteLineAsync("550 nobody here by that name");
                    break;
                case "DATA":
                    await writer.WriteLineAsync("354 go on");
                    var mail = new StringBuilder();
                    while (await reader.ReadLineAsync(_end.Token) is { } text && text != ".")
                    {
                        mail.AppendLine(text.StartsWith('.') ? text[1..] : text);
                    }

                    Mails.Enqueue(mail.ToString());
                    await writer.WriteLineAsync("250 ok");
                    break;
                case "QUIT":
                    await writer.WriteLineAsync("221 bye");
                    return;
                default:
                    await writer.WriteLineAsync("250 ok");
                    break;
            }
        }
    }
}
