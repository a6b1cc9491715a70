using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>What somebody who is invited is shown.</summary>
/// <param name="Id">The invitation's id.</param>
/// <param name="Email">For whom; null where they choose one.</param>
/// <param name="InvitedBy">Who invites.</param>
/// <param name="Role">The role that they get, or null.</param>
/// <param name="Selector">On which devices; empty for all.</param>
/// <param name="Teams">The teams that they will be in.</param>
/// <param name="ExpiresAt">Until when it is good.</param>
/// <param name="MayUsePassword">Whether they may choose a password.</param>
internal sealed record InvitationOffer(
    Guid Id, string? Email, string InvitedBy, string? Role, string Selector, IReadOnlyList<string> Teams, DateTimeOffset ExpiresAt, bool MayUsePassword);

/// <summary>Takes invitations up: the only way in which an account is made, besides the owner's at set-up.</summary>
internal sealed class InvitationAcceptance(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, PasswordWays passwords, IPasswordHasher<Person> hasher, AccountLimits limits, IAuditTrail audit,
    TimeProvider time)
{
    /// <summary>What a code offers.</summary>
    public async Task<Result<InvitationOffer>> LookAsync(string? code, CancellationToken cancellationToken)
    {
        var found = await FindAsync(code, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var invitation = found.Value;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var teams = await InvitationService.TeamNamesAsync(db, invitation.TeamIds, cancellationToken);
        return new InvitationOffer(
            invitation.Id, invitation.Email, InvitationService.Inviter(access.Current, invitation), invitation.RoleId is { } id ? access.Current.Roles.GetValueOrDefault(id)?.Name : null,
            invitation.Selector, [.. teams.Values.Order()], invitation.ExpiresAt, passwords.MayBeUsedBy(invitation.RoleId, invitation.Selector));
    }

    /// <summary>The invitation that a code opens, if it can be taken up now.</summary>
    public async Task<Result<Invitation>> FindAsync(string? code, CancellationToken cancellationToken)
    {
        if (code is not { Length: > 0 and <= 100 })
        {
            return InvitationErrors.NotGood;
        }

        if (!limits.TryTake(AccountLimits.Invitation, code[..Math.Min(code.Length, 12)], out var wait))
        {
            return Error.TooMany(wait);
        }

        var hash = SecretText.Hash(code);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await InvitationRules.Open(db, time.GetUtcNow()).SingleOrDefaultAsync(i => i.Hash == hash, cancellationToken) is { } found
            ? found
            : InvitationErrors.NotGood;
    }

    /// <summary>The newest invitation that is open and names this e-mail, or null. Only a verified e-mail may be asked for.</summary>
    public async Task<Invitation?> FindByVerifiedEmailAsync(string email, CancellationToken cancellationToken)
    {
        var normalized = email.ToUpperInvariant();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await InvitationRules.Open(db, time.GetUtcNow()).Where(i => i.NormalizedEmail == normalized)
            .OrderByDescending(i => i.Id).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Takes an invitation up with a password.</summary>
    public async Task<Result<Person>> AcceptWithPasswordAsync(
        HttpContext context, string? code, string? email, string? name, string? password, CancellationToken cancellationToken)
    {
        var found = await FindAsync(code, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        if (!passwords.MayBeUsedBy(found.Value.RoleId, found.Value.Selector))
        {
            return InvitationErrors.PasswordsNotAllowed;
        }

        var errors = new FieldErrors();
        if (PasswordRules.Check(password ?? "", found.Value.Email ?? email?.Trim()) is { } weakness)
        {
            errors.Add("password", weakness);
        }

        return await AcceptAsync(
            context, found.Value, email, name, SignInMethods.Password, (person, _) => person.PasswordHash = hasher.HashPassword(person, password!), errors, cancellationToken);
    }

    /// <summary>Takes an invitation up with a passkey that the browser just made.</summary>
    public async Task<Result<Person>> AcceptWithPasskeyAsync(
        HttpContext context, PasskeyCeremonies ceremonies, string? code, string? email, string? name, string credential, CancellationToken cancellationToken)
    {
        var found = await FindAsync(code, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var made = await ceremonies.SignUpAsync(context, found.Value.Email ?? email ?? "", credential);
        return made.IsError ? made.Error! : await AcceptAsync(
            context, found.Value, email, name, SignInMethods.Passkey, (_, db) => db.Add(made.Value), errors: null, cancellationToken, made.Value.UserId);
    }

    /// <summary>Takes an invitation up: makes the person with the way in that they chose, the grant and the teams, all or nothing.</summary>
    /// <param name="context">The request.</param>
    /// <param name="invitation">The invitation, as it was found.</param>
    /// <param name="email">The e-mail to be known by; one that the invitation names counts more.</param>
    /// <param name="name">What others call them; may be empty.</param>
    /// <param name="way">The way in, as the audit trail names it.</param>
    /// <param name="addWay">Adds the way in.</param>
    /// <param name="errors">What is wrong already.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    /// <param name="id">The person's id, where a passkey holds one already.</param>
    public async Task<Result<Person>> AcceptAsync(
        HttpContext context, Invitation invitation, string? email, string? name, string way, Action<Person, OperoneDb> addWay, FieldErrors? errors,
        CancellationToken cancellationToken, Guid? id = null)
    {
        errors ??= new();
        email = invitation.Email ?? email?.Trim() ?? "";
        name = name?.Trim() ?? "";
        errors.AddIf(!SetupOptionsValidation.IsEmail(email), "email", "is not an e-mail address");
        errors.AddIf(name.Length > 100 || name.Any(char.IsControl), "name", "must have at most 100 characters");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var made = await MakeAsync(id ?? Guid.CreateVersion7(time.GetUtcNow()), invitation, email, name, addWay, cancellationToken);
        if (made.IsError)
        {
            await audit.NoteAsync(
                Actor.Anonymous(context), "invitation.accept", InvitationService.Target(invitation), allowed: false, made.Error!.Detail, cancellationToken);
            return made;
        }

        var actor = new Actor(made.Value.Id, email, Standing.None, context.Connection.RemoteIpAddress?.ToString()) { RequestId = context.TraceIdentifier };
        await audit.NoteAsync(actor, "invitation.accept", email, allowed: true, $"by {way}, invited by {invitation.CreatedBy}, {invitation.Id}", cancellationToken);
        return made;
    }

    private async Task<Result<Person>> MakeAsync(
        Guid personId, Invitation invitation, string email, string name, Action<Person, OperoneDb> addWay, CancellationToken cancellationToken)
    {
        await using var change = await access.BeginAsync(cancellationToken);
        var now = time.GetUtcNow();
        var person = new Person
        {
            Id = personId,
            UserName = email,
            NormalizedUserName = email.ToUpperInvariant(),
            Email = email,
            NormalizedEmail = email.ToUpperInvariant(),
            EmailConfirmed = invitation.Email is not null,
            DisplayName = name,
            SecurityStamp = Guid.NewGuid().ToString("N"),
            CreatedAt = now,
        };

        // Whoever marks it has it: two at the same time make one account.
        if (await InvitationRules.Open(change.Db, now).Where(i => i.Id == invitation.Id).ExecuteUpdateAsync(
            set => set.SetProperty(i => i.UsedAt, now).SetProperty(i => i.UsedById, person.Id), cancellationToken) == 0)
        {
            return InvitationErrors.NotGood;
        }

        if (await change.Db.Set<Person>().AnyAsync(p => p.NormalizedUserName == person.NormalizedUserName, cancellationToken))
        {
            return InvitationErrors.HasAccount;
        }

        // What the inviter may not give any more, their invitation does not give either.
        var teams = await change.Db.Set<Team>().Where(t => invitation.TeamIds.Contains(t.Id)).Select(t => t.Id).ToListAsync(cancellationToken);
        var selector = Selector.Parse(invitation.Selector);
        var inviter = invitation.CreatedById is { } id ? change.Before.OfPerson(id) : Subject.Nobody;
        if (selector.IsError || InvitationRules.Lacks(inviter, change.Before, invitation.RoleId, selector.Value, teams, now) is not null)
        {
            return InvitationErrors.NotGood;
        }

        change.Db.Add(person);
        addWay(person, change.Db);
        change.Db.AddRange(teams.Select(t => new TeamMember { TeamId = t, PersonId = person.Id }));
        if (invitation.RoleId is { } roleId)
        {
            change.Db.Add(new Grant
            {
                Id = Guid.CreateVersion7(now),
                Effect = GrantEffect.Allow,
                RoleId = roleId,
                SubjectKind = SubjectKind.Person,
                SubjectId = person.Id,
                Selector = invitation.Selector,
                Reason = "invitation",
                CreatedBy = invitation.CreatedBy,
                CreatedById = invitation.CreatedById,
                CreatedAt = now,
            });
        }

        change.Db.Publish(new(EventTypes.InvitationAccepted, email, Actor: email));
        try
        {
            return await change.CommitAsync(cancellationToken) is { } error ? error : person;
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            return InvitationErrors.HasAccount;
        }
    }
}
