using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Operone.Web.Access;

/// <summary>Sends mail by the server of the options.</summary>
internal sealed class Mailer(IOptions<MailOptions> options)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Whether there is a server.</summary>
    public bool IsSetUp => options.Value.IsSetUp;

    /// <summary>Sends a text. Why it could not be sent, in words, or null.</summary>
    public async Task<string?> SendAsync(string to, string subject, string text, CancellationToken cancellationToken)
    {
        var mail = options.Value;
        var (host, port) = mail.Address ?? throw new InvalidOperationException("There is no mail server.");
        using var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse(mail.From!));
        try
        {
            message.To.Add(new MailboxAddress(null, to));
        }
        catch (ParseException)
        {
            return $"'{to}' is no e-mail address";
        }

        message.Subject = subject;
        using var body = new TextPart("plain") { Text = text };
        message.Body = body;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var client = new SmtpClient();
            await client.ConnectAsync(host, port, mail.SocketOptions, patience.Token);
            if (!string.IsNullOrEmpty(mail.User))
            {
                await client.AuthenticateAsync(mail.User, mail.Password!, patience.Token);
            }

            await client.SendAsync(message, patience.Token);
            await client.DisconnectAsync(quit: true, patience.Token);
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"the mail server {host}:{port} did not answer within {Patience.TotalSeconds:F0} s";
        }
        catch (Exception exception) when (exception is IOException or SocketException or ProtocolException or CommandException
            or SslHandshakeException or AuthenticationException or NotSupportedException or ServiceNotConnectedException or ServiceNotAuthenticatedException)
        {
            return $"the mail server {host}:{port} did not take it: {exception.Message.ReplaceLineEndings(" ")}";
        }
    }
}
