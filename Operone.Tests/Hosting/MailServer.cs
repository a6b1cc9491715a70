using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Operone.Tests.Hosting;

/// <summary>A mail server that others have written, on the loopback address: it can be stopped and started again at its port.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private CancellationTokenSource? _end;
    private Task _serving = Task.CompletedTask;

    public MailServer()
    {
        Port = PostgresServer.FreePort();
        Start();
    }

    public int Port { get; }

    /// <summary>The mails that it took.</summary>
    public ConcurrentQueue<MimeMessage> Mails { get; } = new();

    /// <summary>Whom it refuses, by what is before the @.</summary>
    public ConcurrentDictionary<string, bool> Refused { get; } = new();

    /// <summary>What a node needs to send by it.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["Operone:Mail:Server"] = $"127.0.0.1:{Port}",
        ["Operone:Mail:Security"] = "None",
        ["Operone:Mail:User"] = "operone",
        ["Operone:Mail:Password"] = "its-mail-password",
        ["Operone:Mail:From"] = "Operone <operone@example.org>",
    };

    public void Start()
    {
        var provider = new global::SmtpServer.ComponentModel.ServiceProvider();
        provider.Add(new Store(Mails));
        provider.Add(new DelegatingMailboxFilter((to, _) => !Refused.ContainsKey(to.User)));
        provider.Add(new DelegatingUserAuthenticator((user, password) => (user, password) == ("operone", "its-mail-password")));
        var options = new SmtpServerOptionsBuilder().ServerName("mail.example.org")
            .Endpoint(e => e.Endpoint(new IPEndPoint(IPAddress.Loopback, Port)).AuthenticationRequired(true).AllowUnsecureAuthentication(true)).Build();
        _end = new CancellationTokenSource();
        _serving = new global::SmtpServer.SmtpServer(options, provider).StartAsync(_end.Token);
    }

    public async Task StopAsync()
    {
        if (_end is not null)
        {
            await _end.CancelAsync();
            await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _end.Dispose();
            _end = null;
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private sealed class Store(ConcurrentQueue<MimeMessage> mails) : MessageStore
    {
        public override async Task<SmtpResponse> SaveAsync(
            ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            using var data = new MemoryStream(buffer.ToArray());
            mails.Enqueue(await MimeMessage.LoadAsync(data, cancellationToken));
            return SmtpResponse.Ok;
        }
    }
}
