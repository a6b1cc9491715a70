using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>
/// Sends entries to a syslog receiver. Syslog has no acknowledgement: over TCP and TLS each batch has a connection of its own, whose
/// sending side is closed behind it, and counts as received where the receiver then closes its side too, having taken all of it;
/// a connection that breaks before is a batch that comes again. Over UDP nothing tells whether it arrived.
/// </summary>
internal sealed class SyslogSink(SyslogAddress address, string? authority) : IAuditSink
{
    // RFC 5426, section 3.2: what fits in a datagram of IPv4 and IPv6 alike, and what most receivers take.
    private const int MaxDatagram = 8192;

    private static readonly TimeSpan ClosingPatience = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public string Name => $"syslog:{address}";

    /// <inheritdoc/>
    public TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async Task SendAsync(IReadOnlyList<AuditEntryView> entries, CancellationToken cancellationToken)
    {
        var messages = entries.Select(e => SyslogMessage.Format(e, Environment.MachineName, Environment.ProcessId));
        if (address.Transport == SyslogTransport.Udp)
        {
            await SendDatagramsAsync(messages, cancellationToken);
            return;
        }

        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        if (address.Transport == SyslogTransport.Tcp)
        {
            await SendStreamAsync(client.Client, client.GetStream(), messages, EndSending, cancellationToken);
            return;
        }

        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(TlsOptions(), cancellationToken);
        await SendStreamAsync(
            client.Client, tls, messages,
            async () =>
            {
                await tls.ShutdownAsync();
                await EndSending();
            },
            cancellationToken);

        Task EndSending()
        {
            client.Client.Shutdown(SocketShutdown.Send);
            return Task.CompletedTask;
        }
    }

    private static async Task SendStreamAsync(
        Socket socket, Stream stream, IEnumerable<byte[]> messages, Func<Task> endSending, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        foreach (var message in messages)
        {
            buffer.Write(Encoding.ASCII.GetBytes(message.Length.ToString(CultureInfo.InvariantCulture) + " "));
            buffer.Write(message);
        }

        await stream.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        await endSending();

        // A receiver that resets the connection throws here. One that leaves it open has at least not refused what it was sent.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ClosingPatience);
        var rest = new byte[256];
        try
        {
            while (await stream.ReadAsync(rest, patience.Token) > 0)
            {
            }

            await ConfirmAsync(socket, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>
    /// A receiver that closed before it had read everything answers what comes after with a reset, which may be on its way still: the
    /// socket is asked until all was acknowledged, or refused.
    /// </summary>
    private static async Task ConfirmAsync(Socket socket, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        while (!IsClosed(socket))
        {
            await Task.Delay(10, cancellationToken);
        }

        if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is not 0)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }

        // tcp(7): TCP_INFO, whose first byte is the state; TIME_WAIT is 6, and CLOSE is 7 in tcp_states.h.
        static bool IsClosed(Socket socket)
        {
            const int IPPROTO_TCP = 6;
            const int TCP_INFO = 11;
            Span<byte> info = stackalloc byte[8];
            return socket.GetRawSocketOption(IPPROTO_TCP, TCP_INFO, info) < 1 || info[0] is 6 or 7;
        }
    }

    private async Task SendDatagramsAsync(IEnumerable<byte[]> messages, CancellationToken cancellationToken)
    {
        // Connected, so that a port that nobody listens on is told as an error.
        using var client = new UdpClient();
        await client.Client.ConnectAsync(address.Host, address.Port, cancellationToken);
        foreach (var message in messages)
        {
            await client.SendAsync(message.AsMemory(0, CutAt(message)), cancellationToken);
        }

        // The kernel tells of a refused datagram at the next use of the socket.
        if (client.Client.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectRead))
        {
            await client.Client.ReceiveAsync(new byte[16].AsMemory(), cancellationToken);
        }
    }

    private static int CutAt(byte[] message)
    {
        var end = Math.Min(message.Length, MaxDatagram);
        while (end < message.Length && (message[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return end;
    }

    private SslClientAuthenticationOptions TlsOptions()
    {
        var options = new SslClientAuthenticationOptions { TargetHost = address.Host };
        if (authority is { Length: > 0 })
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(authority);
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        return options;
    }
}
