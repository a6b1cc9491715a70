using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Access;

/// <summary>Makes the owner's account: from the options at first start, or with the code that was printed.</summary>
internal sealed partial class SetupService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, IPasswordHasher<Person> hasher, IOptions<SetupOptions> options, IAuditTrail audit,
    INodeBus nodes, TimeProvider time, ILogger<SetupService> logger)
{
    /// <summary>For how long the address that one node printed stays good when others start.</summary>
    internal static readonly TimeSpan GoodBesideOthers = TimeSpan.FromHours(1);

    private volatile bool _hasOwner;
    private string? _code;

    /// <summary>Whether there is an owner yet. Once there is, this costs nothing.</summary>
    public async ValueTask<bool> HasOwnerAsync(CancellationToken cancellationToken)
    {
        if (!_hasOwner)
        {
            await access.LoadAsync(cancellationToken);
            _hasOwner = access.Current.HasOwner(time.GetUtcNow());
        }

        return _hasOwner;
    }

    /// <summary>The code to print once the node serves, or null where there is an owner.</summary>
    public string? CodeToPrint => _hasOwner ? null : _code;

    /// <summary>At start: makes the owner from the options if there is none, else a new set-up code.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (await HasOwnerAsync(cancellationToken))
        {
            return;
        }

        if (options.Value is { OwnerEmail: { Length: > 0 } email, OwnerPassword: { Length: > 0 } password } setup)
        {
            // The options are checked, so that only a bug can make this fail.
            var made = await MakeOwnerAsync(email, password, passkey: null, setup.ApiToken, code: null, cancellationToken);
            _ = made.Value;
            Log.OwnerMade(logger, email);
            return;
        }

        // Nodes that start together print an address each, and all of them are good: nobody could tell which was the last.
        var (now, isAlone) = (time.GetUtcNow(), nodes.IsAlone);
        var ended = now - GoodBesideOthers;
        var code = SecretText.Create("");
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Set<SetupCode>().Where(c => isAlone || c.CreatedAt < ended).ExecuteDeleteAsync(cancellationToken);
        db.Add(new SetupCode { Hash = SecretText.Hash(code), CreatedAt = now });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _code = code;
    }

    /// <summary>Makes the owner's account with a password.</summary>
    public Task<Result<Person>> CreateOwnerAsync(string? code, string? email, string? password, CancellationToken cancellationToken) =>
        CreateOwnerAsync(code, email, password, passkey: null, cancellationToken);

    /// <summary>Makes the owner's account. The code is good once; nothing happens where anything is wrong.</summary>
    /// <param name="code">The code that the server printed.</param>
    /// <param name="email">The owner's e-mail.</param>
    /// <param name="password">Their password; not looked at where there is a passkey.</param>
    /// <param name="passkey">The passkey that they made instead of a password (<see cref="PasskeyCeremonies.SignUpAsync"/>).</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public async Task<Result<Person>> CreateOwnerAsync(
        string? code, string? email, string? password, Passkey? passkey, CancellationToken cancellationToken)
    {
        if (await HasOwnerAsync(cancellationToken))
        {
            return AccessErrors.SetupDone;
        }

        (email, password) = (email?.Trim() ?? "", password ?? "");
        var errors = new FieldErrors();
        errors.AddIf(!SetupOptionsValidation.IsEmail(email), "email", "is not an e-mail address");
        if (passkey is null && PasswordRules.Check(password, email) is { } weakness)
        {
            errors.Add("password", weakness);
        }

        if (errors.ToError() is { } error)
        {
            return error;
        }

        var made = await MakeOwnerAsync(email, passkey is null ? password : null, passkey, apiToken: null, code ?? "", cancellationToken);
        if (made.IsError)
        {
            var anonymous = Actor.Anonymous();
            await audit.NoteAsync(anonymous, "setup.create-owner", email, allowed: false, made.Error!.Detail, cancellationToken);
        }

        return made;
    }

    private async Task<Result<Person>> MakeOwnerAsync(
        string email, string? password, Passkey? passkey, string? apiToken, string? code, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var change = await access.BeginAsync(cancellationToken);
        var db = change.Db;
        if (code is not null)
        {
            // Whoever deletes the code has it: two requests with the same code make one owner.
            var hash = SecretText.Hash(code);
            if (await db.Set<SetupCode>().Where(c => c.Hash == hash).ExecuteDeleteAsync(cancellationToken) == 0)
            {
                return change.Before.HasOwner(now) ? AccessErrors.SetupDone : AccessErrors.SetupCodeWrong;
            }
        }
        else
        {
            await db.Set<SetupCode>().ExecuteDeleteAsync(cancellationToken);
        }

        // A passkey knows whose it is: the account takes the id that it holds.
        var owner = new Person { Id = passkey?.UserId ?? Guid.CreateVersion7(now), UserName = email, Email = email, EmailConfirmed = true, CreatedAt = now };
        owner.NormalizedUserName = owner.NormalizedEmail = email.ToUpperInvariant();
        owner.LockoutEnabled = true;
        owner.SecurityStamp = Guid.NewGuid().ToString("N");
        owner.PasswordHash = password is null ? null : hasher.HashPassword(owner, password);
        db.Add(owner);
        if (passkey is not null)
        {
            db.Add(passkey);
        }

        db.Add(new Grant
        {
            Id = Guid.CreateVersion7(now),
            Effect = GrantEffect.Allow,
            RoleId = BuiltInRoles.Owner.Id,
            SubjectKind = SubjectKind.Person,
            SubjectId = owner.Id,
            Selector = "",
            CreatedBy = code is null ? Actor.System.Name : email,
            CreatedAt = now,
        });
        if (!string.IsNullOrEmpty(apiToken))
        {
            db.Add(new ApiToken
            {
                Id = Guid.CreateVersion7(now),
                Name = "setup",
                Hash = SecretText.Hash(apiToken),
                Permissions = Permissions.All,
                OwnerId = owner.Id,
                CreatedBy = email,
                CreatedAt = now,
            });
        }

        try
        {
            _ = await change.CommitAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return Error.InvalidField("email", "belongs to somebody already");
        }

        _hasOwner = true;
        _code = null;
        await audit.NoteAsync(
            code is null ? Actor.System : new Actor(owner.Id, email, Standing.None), "setup.create-owner", email, allowed: true, cancellationToken: cancellationToken);
        return owner;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Made the owner's account {Email} from the options at Operone:Setup; they are ignored from now on")]
        public static partial void OwnerMade(ILogger logger, string email);
    }
}
