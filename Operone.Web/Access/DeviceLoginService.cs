using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>How a poll went: a token, or an error of RFC 8628.</summary>
internal sealed record DeviceLoginPoll(string? Error, string? Token = null, TimeSpan Lifetime = default);

/// <summary>
/// Signs command lines in through a browser (RFC 8628): one asks, a person compares the code and approves, and the command
/// line fetches a token, which a session of its own holds. Each answer is given at once: nothing waits for anybody.
/// </summary>
internal sealed class DeviceLoginService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, StepUp stepUp, AccountLimits limits, IAuditTrail audit, TimeProvider time)
{
    /// <summary>For how long a code is good.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The least pause between two polls, and what is added to it for each that comes too soon; in seconds.</summary>
    public const int Interval = 5;

    // A poll that was sent in time may arrive a little sooner after the one before.
    private static readonly TimeSpan Jitter = TimeSpan.FromSeconds(1);

    /// <summary>A command line asks to be signed in. Gives its device code, which is stored as a hash, and the user code.</summary>
    public async Task<(string DeviceCode, string UserCode)> BeginAsync(string? clientName, string? address, CancellationToken cancellationToken)
    {
        var name = new string([.. (clientName ?? "").Where(c => !char.IsControl(c)).Take(150)]).Trim();
        var (now, deviceCode) = (time.GetUtcNow(), SecretText.Create("opd_"));
        while (true)
        {
            var userCode = DeviceFlow.CreateUserCode();
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            db.Add(new DeviceLogin
            {
                Id = Guid.CreateVersion7(now),
                DeviceCodeHash = SecretText.Hash(deviceCode),
                UserCode = userCode,
                ClientName = name.Length > 0 ? name : "a program that gives no name",
                Address = address,
                CreatedAt = now,
                ExpiresAt = now + Patience,
                IntervalSeconds = Interval,
            });
            try
            {
                await db.SaveChangesAsync(cancellationToken);
                return (deviceCode, userCode);
            }
            catch (DbUpdateException exception) when (exception.IsDuplicate())
            {
                // Somebody has the same code just now: one chance in 25 billion for each that waits.
            }
        }
    }

    /// <summary>The login with this user code that waits for a decision. Only a person in a browser finds one, and not by guessing.</summary>
    public async Task<Result<DeviceLogin>> FindAsync(Actor actor, string? userCode, CancellationToken cancellationToken)
    {
        if (RequirePerson(actor) is { } error)
        {
            return error;
        }

        // Each try counts, also one that finds something: otherwise codes could be guessed between two of them.
        if (!limits.TryTake(AccountLimits.DeviceCode, actor.PersonId.ToString()!, out var wait))
        {
            return Error.TooMany(wait);
        }

        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = DeviceFlow.ReadUserCode(userCode) is { } code
            ? await db.Set<DeviceLogin>().SingleOrDefaultAsync(d => d.UserCode == code && d.Status == DeviceLoginStatus.Waiting && d.ExpiresAt > now, cancellationToken)
            : null;
        if (found is null)
        {
            await audit.NoteAsync(actor, "device-login.find", null, allowed: false, "no login waits with this code", cancellationToken);
            return DeviceLoginErrors.CodeUnknown;
        }

        return found;
    }

    /// <summary>Approves or refuses a login, once. It is named by its id, which only <see cref="FindAsync"/> tells.</summary>
    /// <param name="actor">A person in a browser.</param>
    /// <param name="id">The login.</param>
    /// <param name="lifetime">For how long the command line stays signed in; null to refuse.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public async Task<Result<DeviceLogin>> DecideAsync(Actor actor, Guid id, TimeSpan? lifetime, CancellationToken cancellationToken)
    {
        if (RequirePerson(actor) is { } error)
        {
            return error;
        }

        if (lifetime is not null && await stepUp.RequireAsync(actor, DangerousActs.ShowSecret, cancellationToken) is { } stepUpFirst)
        {
            return stepUpFirst;
        }

        var (now, person) = (time.GetUtcNow(), actor.PersonId);
        var status = lifetime is null ? DeviceLoginStatus.Refused : DeviceLoginStatus.Approved;
        long? seconds = lifetime is { } given ? (long)given.TotalSeconds : null;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var decided = await db.Set<DeviceLogin>().Where(d => d.Id == id && d.Status == DeviceLoginStatus.Waiting && d.ExpiresAt > now).ExecuteUpdateAsync(
            set => set.SetProperty(d => d.Status, status).SetProperty(d => d.PersonId, person).SetProperty(d => d.LifetimeSeconds, seconds), cancellationToken);
        if (decided == 0)
        {
            return DeviceLoginErrors.CodeUnknown;
        }

        var login = await db.Set<DeviceLogin>().SingleAsync(d => d.Id == id, cancellationToken);
        await audit.NoteAsync(
            actor, lifetime is null ? "device-login.refuse" : "device-login.approve", login.ClientName, allowed: true,
            $"asked from {login.Address}{(lifetime is { } until ? $", for {until.TotalDays:0} days" : "")}", cancellationToken);
        return login;
    }

    /// <summary>A command line asks whether it was approved. The first time that it was, it gets its token.</summary>
    public async Task<DeviceLoginPoll> PollAsync(string? deviceCode, string? address, string requestId, CancellationToken cancellationToken)
    {
        if (deviceCode is not { Length: > 0 and <= 200 })
        {
            return new(DeviceFlow.InvalidGrant);
        }

        var (now, hash) = (time.GetUtcNow(), SecretText.Hash(deviceCode));
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var login = await db.Set<DeviceLogin>().SingleOrDefaultAsync(d => d.DeviceCodeHash == hash, cancellationToken);
        if (login is null || login.Status == DeviceLoginStatus.Done)
        {
            return new(DeviceFlow.InvalidGrant);
        }

        if (login.ExpiresAt <= now)
        {
            return new(DeviceFlow.ExpiredToken);
        }

        if (login.PolledAt is { } last && now - last < TimeSpan.FromSeconds(login.IntervalSeconds) - Jitter)
        {
            await db.Set<DeviceLogin>().Where(d => d.Id == login.Id).ExecuteUpdateAsync(
                set => set.SetProperty(d => d.PolledAt, now).SetProperty(d => d.IntervalSeconds, d => d.IntervalSeconds + Interval), cancellationToken);
            return new(DeviceFlow.SlowDown);
        }

        switch (login.Status)
        {
            case DeviceLoginStatus.Refused:
                return new(DeviceFlow.AccessDenied);
            case DeviceLoginStatus.Approved:
                return await FetchAsync(db, login, address, requestId, cancellationToken);
            default:
                await db.Set<DeviceLogin>().Where(d => d.Id == login.Id).ExecuteUpdateAsync(set => set.SetProperty(d => d.PolledAt, now), cancellationToken);
                return new(DeviceFlow.AuthorizationPending);
        }
    }

    private async Task<DeviceLoginPoll> FetchAsync(OperoneDb db, DeviceLogin login, string? address, string requestId, CancellationToken cancellationToken)
    {
        if (access.Current.People.GetValueOrDefault(login.PersonId ?? Guid.Empty) is not { IsEnabled: true } person)
        {
            // Whoever approved it was disabled since.
            return new(DeviceFlow.AccessDenied);
        }

        var (now, text, lifetime) = (AuditChain.Truncate(time.GetUtcNow()), TokenText.Create(), TimeSpan.FromSeconds(login.LifetimeSeconds ?? 0));
        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            PersonId = person.Id,
            Method = SignInMethods.DeviceFlow,
            Device = login.ClientName,
            Address = address,
            CreatedAt = now,
            LastSeenAt = now,
            ExpiresAt = now + lifetime,
            IsPersistent = true,
            Binding = SessionBinding.Token,
        };
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            // Of two that ask at the same time, one gets it.
            if (await db.Set<DeviceLogin>().Where(d => d.Id == login.Id && d.Status == DeviceLoginStatus.Approved)
                .ExecuteUpdateAsync(set => set.SetProperty(d => d.Status, DeviceLoginStatus.Done), cancellationToken) == 0)
            {
                return new(DeviceFlow.InvalidGrant);
            }

            db.Add(session);
            db.Add(new ApiToken
            {
                Id = Guid.CreateVersion7(now),
                Name = login.ClientName.Length > 100 ? login.ClientName[..100] : login.ClientName,
                Hash = SecretText.Hash(text),
                Kind = TokenKind.Personal,
                Permissions = Permissions.All,
                OwnerId = person.Id,
                SessionId = session.Id,
                CreatedBy = person.Email,
                CreatedAt = now,
                ExpiresAt = session.ExpiresAt,
            });
            db.Publish(new(EventTypes.PersonSignedIn, person.Email, Actor: person.Email));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        var actor = new Actor(person.Id, person.Email, Standing.None, address) { SessionId = session.Id, RequestId = requestId };
        await audit.NoteAsync(actor, "session.begin", person.Email, allowed: true, $"{session.Method}, {session.Device}", cancellationToken);
        return new(null, text, lifetime);
    }

    // A token that could approve would make itself another that outlives it.
    private static Error? RequirePerson(Actor actor) =>
        actor.PersonId is not null && actor.SessionId is not null && actor.TokenId is null ? null : DeviceLoginErrors.PersonOnly(actor.Name);
}

/// <summary>What can go wrong as a person decides about a device login, as expected.</summary>
internal static class DeviceLoginErrors
{
    public static Error CodeUnknown { get; } = new(ErrorKind.NotFound, "device-code-unknown", "No login waits with this code.",
        "Compare it with what the terminal shows. A code is good for ten minutes and for one decision: 'operone login' makes another.");

    public static Error PersonOnly(string actor) => new(ErrorKind.Forbidden, "person-only", "Only a person may do this.",
        $"{actor} is no person in a browser. Sign in to the console, and approve the login there.");
}
