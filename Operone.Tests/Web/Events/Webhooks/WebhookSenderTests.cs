using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Events.Webhooks;
using Xunit;

namespace Operone.Tests.Web.Events.Webhooks;

/// <summary>The sender without a node, where its database is away or something breaks that nobody foresaw.</summary>
public sealed class WebhookSenderTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Database.Sqlite)]
    [InlineData(Database.Postgres)]
    public async Task Sender_WhoseDatabaseWasAway_SendsToOthersAtOnce_ThoughOneReceiverNeverAnswers(Database kind)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var scene = await Scene.StartAsync(kind, new EphemeralDataProtectionProvider(), receiver);
        var (slow, quick) = (await scene.AddAsync($"{receiver.Url}/slow", 40), await scene.AddAsync($"{receiver.Url}/quick", 0));
        Exception[] problems = [new TimeoutException("the database is away"), new InvalidOperationException("a bug"), new OperationCanceledException("by nobody")];
        scene.Send();
        await ReceivesAsync(receiver, "/slow", 4);
        for (var round = 0; round < problems.Length; round++)
        {
            var problem = problems[round];
            scene.Database.Fails = () => problem;
            scene.Wake();
            await Eventually.BecomesAsync(
                () => Task.FromResult(scene.Log.Lines.Any(l => l.Contains("looked for again", StringComparison.Ordinal) && l.Contains(problem.Message, StringComparison.Ordinal))), "that it is said", 20);
            scene.Database.Fails = null;
            await scene.QueueAsync(quick, 1);
            await ReceivesAsync(receiver, "/quick", round + 1);
        }

        Assert.Equal(40, await scene.CountAsync(d => d.WebhookId == slow && d.Status == DeliveryStatus.Pending));
    }

    [Fact]
    public async Task Line_ThatIsBrokenOffByNobody_GoesOn_AndEndsNoOther()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var scene = await Scene.StartAsync(Database.Sqlite, new EphemeralDataProtectionProvider(), receiver);
        await scene.AddAsync($"{receiver.Url}/first", 1);
        await scene.AddAsync($"{receiver.Url}/second", 1);

        // the look goes well, and then the first thing that each of the two does is not
        var calls = 0;
        scene.Database.Fails = () => Interlocked.Increment(ref calls) is 2 or 3 ? new OperationCanceledException("by nobody") : null;
        scene.Send();
        await ReceivesAsync(receiver, "/first", 1);
        await ReceivesAsync(receiver, "/second", 1);
    }

    [Fact]
    public async Task Delivery_WhoseSendingBreaks_IsAnAttemptThatFailed_WithWords()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var scene = await Scene.StartAsync(Database.Sqlite, new BrokenProtection(), receiver);
        var broken = await scene.AddAsync($"{receiver.Url}/broken", 2);
        scene.Send();
        await Eventually.BecomesAsync(async () => await scene.CountAsync(d => d.WebhookId == broken && d.Attempts == 1 && d.Status == DeliveryStatus.Pending) == 2, "two attempts that are noted");
        await using var db = scene.Database.CreateDbContext();
        Assert.All(await db.Set<WebhookAttempt>().ToListAsync(Cancelled), a => Assert.Equal("It could not be sent: the keys are upside down", a.Problem));
        Assert.Contains(scene.Log.Lines, l => l.StartsWith("Error", StringComparison.Ordinal) && l.Contains(nameof(BrokenProtection), StringComparison.Ordinal));
    }

    private static Task ReceivesAsync(WebhookReceiver receiver, string path, int count) => Eventually.BecomesAsync(
        () => Task.FromResult(receiver.Received.Count(r => r.Path == path) >= count), () => $"{count} requests to {path}, but {receiver.Received.Count(r => r.Path == path)}", 20);

    /// <summary>A sender with a database of its own; one that is sent to at <c>/slow</c> never answers.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly AuditDatabase _database;
        private readonly ILoggerFactory _loggers;
        private readonly WebhookVault _vault;
        private readonly WebhookTransport _transport;
        private readonly WebhookSender _sender;
        private readonly CancellationTokenSource _end = new();
        private Task _sending = Task.CompletedTask;
        private long _position;

        private Scene(AuditDatabase database, IDataProtectionProvider protection)
        {
            _database = database;
            Database = new(database);
            _loggers = LoggerFactory.Create(b => b.AddProvider(Log));
            _vault = new(protection);
            _transport = new(_vault, new Mailer(Options.Create(new MailOptions())), Options.Create(new WebhookOptions { AllowedNetworks = ["127.0.0.0/8"] }), TimeProvider.System,
                _loggers.CreateLogger<WebhookTransport>());
            _sender = new(Database, _transport, new LiveChanges(), TimeProvider.System, _loggers.CreateLogger<WebhookSender>());
        }

        public FailingDatabase Database { get; }

        public LogLines Log { get; } = new();

        public static async Task<Scene> StartAsync(Database kind, IDataProtectionProvider protection, WebhookReceiver receiver)
        {
            receiver.Answer = (received, context) => received.Path == "/slow" ? Task.Delay(Timeout.Infinite, context.RequestAborted) : Task.CompletedTask;
            return new(await AuditDatabase.CreateAsync(kind), protection);
        }

        public void Send() => _sending = _sender.RunAsync(_end.Token);

        public void Wake() => _sender.Wake();

        public async Task<Guid> AddAsync(string url, int events)
        {
            var (id, now) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow);
            await using (var db = _database.CreateDbContext())
            {
                db.Add(new Webhook
                {
                    Id = id,
                    Name = $"hook-{id:N}",
                    NormalizedName = $"HOOK-{id:N}",
                    Url = url,
                    Types = [],
                    Selector = "",
                    IsEnabled = true,
                    Secrets = _vault.Seal(id, new() { Current = WebhookVault.Create().Secret }),
                    CreatedAt = now,
                    UpdatedAt = now,
                    UpdatedBy = "test",
                });
                await db.SaveChangesAsync(Cancelled);
            }

            await QueueAsync(id, events);
            return id;
        }

        public async Task QueueAsync(Guid webhook, int events)
        {
            await using var db = _database.CreateDbContext();
            for (var n = 0; n < events; n++)
            {
                var (id, now, position) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow, ++_position);
                db.Add(new WebhookDelivery
                {
                    Id = Guid.CreateVersion7(),
                    WebhookId = webhook,
                    EventId = id,
                    Position = position,
                    Key = $"test/{position}",
                    Type = "test.happened",
                    Status = DeliveryStatus.Pending,
                    CreatedAt = now,
                    NextAt = now,
                    Event = new("1.0", id, "/operone", "test.happened", $"{position}", now, "application/json", new(null, null, null, null)),
                });
            }

            await db.SaveChangesAsync(Cancelled);
            _sender.Wake();
        }

        public async Task<int> CountAsync(System.Linq.Expressions.Expression<Func<WebhookDelivery, bool>> which)
        {
            await using var db = _database.CreateDbContext();
            return await db.Set<WebhookDelivery>().CountAsync(which, Cancelled);
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _end.Dispose();
            _transport.Dispose();
            _loggers.Dispose();
            await _database.DisposeAsync();
        }
    }

    /// <summary>A database that fails as a test says, at each call.</summary>
    private sealed class FailingDatabase(IDbContextFactory<OperoneDb> inner) : IDbContextFactory<OperoneDb>
    {
        public Func<Exception?>? Fails { get; set; }

        public OperoneDb CreateDbContext() => inner.CreateDbContext();

        public Task<OperoneDb> CreateDbContextAsync(CancellationToken cancellationToken = default) =>
            Fails?.Invoke() is { } problem ? Task.FromException<OperoneDb>(problem) : Task.FromResult(inner.CreateDbContext());
    }

    /// <summary>What seals, and breaks in its own way when it is asked to open.</summary>
    private sealed class BrokenProtection : IDataProtectionProvider, IDataProtector
    {
        public IDataProtector CreateProtector(string purpose) => this;

        public byte[] Protect(byte[] plaintext) => plaintext;

        public byte[] Unprotect(byte[] protectedData) => throw new InvalidOperationException("the keys are upside down");
    }
}
