using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>The use cases of who invites: make, list, revoke. <see cref="InvitationAcceptance"/> is for who is invited.</summary>
internal sealed class InvitationService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, StepUp stepUp, Mailer mailer, IAuditTrail audit, TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromHours(1);
    private static readonly TimeSpan Usual = TimeSpan.FromDays(7);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Whether invitations can be sent by e-mail.</summary>
    public bool CanSend => mailer.IsSetUp;

    /// <summary>Makes an invitation, and sends it where that can be done. Its address is in the answer, and nowhere ever after.</summary>
    /// <param name="actor">Who invites.</param>
    /// <param name="request">Whom to what.</param>
    /// <param name="site">Where this installation is reached, without a slash at the end.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public async Task<Result<InvitationMade>> CreateAsync(Actor actor, CreateInvitation request, string site, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "invitation.create", request.Email, cancellationToken) is { } denied)
        {
            return denied;
        }

        var read = await ReadAsync(request, cancellationToken);
        if (read.IsError)
        {
            return read.Error!;
        }

        var (email, role, selector, teams, lifetime) = read.Value;
        var now = time.GetUtcNow();
        if (InvitationRules.Lacks(actor.Subject, access.Current, role?.Id, selector, teams.Select(t => t.Id), now) is { } beyond)
        {
            await audit.NoteAsync(actor, "invitation.create", email, allowed: false, $"lacks {beyond}, and so cannot give it", cancellationToken);
            return InvitationErrors.BeyondInviter(actor.Name, beyond);
        }

        var untouched = await stepUp.RequireAsync(actor, DangerousActs.ChangeAccess, cancellationToken)
            ?? await stepUp.RequireAsync(actor, DangerousActs.ShowSecret, cancellationToken);
        if (untouched is not null)
        {
            return untouched;
        }

        var code = SecretText.Create("opi_");
        var invitation = new Invitation
        {
            Id = Guid.CreateVersion7(now),
            Hash = SecretText.Hash(code),
            Email = email,
            NormalizedEmail = email?.ToUpperInvariant(),
            RoleId = role?.Id,
            Selector = selector.ToString(),
            TeamIds = [.. teams.Select(t => t.Id)],
            CreatedBy = actor.Name,
            CreatedById = actor.PersonId,
            CreatedAt = now,
            ExpiresAt = now + lifetime,
        };
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            db.Add(invitation);
            db.Publish(new(EventTypes.InvitationCreated, email, Actor: actor.Name));
            await db.SaveChangesAsync(cancellationToken);
        }

        var view = View(invitation, teams.ToDictionary(t => t.Id, t => t.Name), usedBy: null, now);
        await audit.NoteAsync(actor, "invitation.create", Target(invitation), allowed: true, Describe(view), actor.Decide(Permissions.PeopleManage, null).Grant, cancellationToken);
        var address = $"{site}/invitation?code={code}";
        if (email is null || request.Send == false || !mailer.IsSetUp)
        {
            return new InvitationMade(view, address);
        }

        var inviter = Inviter(access.Current, invitation);
        var problem = await mailer.SendAsync(email, InvitationMail.Subject(inviter), InvitationMail.Text(inviter, site, address, invitation.ExpiresAt), cancellationToken);
        await audit.NoteAsync(actor, "invitation.send", email, allowed: problem is null, problem, cancellationToken);
        return new InvitationMade(view, address, problem is null, problem);
    }

    /// <summary>A page of invitations, newest first: those that are open, or all.</summary>
    public async Task<Result<Page<InvitationView>>> ListAsync(Actor actor, bool openOnly, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "invitation.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var invitations = openOnly ? InvitationRules.Open(db, now) : db.Set<Invitation>();
        if (page.Value.After is { } after)
        {
            invitations = invitations.Where(i => i.Id < after);
        }

        var found = await invitations.OrderByDescending(i => i.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        var teams = await TeamNamesAsync(db, found.SelectMany(i => i.TeamIds), cancellationToken);
        return page.Value.ToPage(found, i => i.Id, i => View(i, teams, i.UsedById is { } id ? access.Current.People.GetValueOrDefault(id)?.Email : null, now));
    }

    /// <summary>Revokes an invitation that is open.</summary>
    public async Task<Result<Unit>> RevokeAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.PeopleManage, "invitation.revoke", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var invitation = await db.Set<Invitation>().SingleOrDefaultAsync(i => i.Id == id, cancellationToken);
        if (invitation is null || await db.ChangeAsync(
            () => InvitationRules.Open(db, now).Where(i => i.Id == id).ExecuteUpdateAsync(set => set.SetProperty(i => i.RevokedAt, now), cancellationToken),
            new OperoneEvent(EventTypes.InvitationRevoked, invitation.Email, Actor: actor.Name), cancellationToken) == 0)
        {
            return InvitationErrors.NotFound(id);
        }

        await audit.NoteAsync(actor, "invitation.revoke", Target(invitation), allowed: true, null, actor.Decide(Permissions.PeopleManage, null).Grant, cancellationToken);
        return Unit.Value;
    }

    /// <summary>The teams that somebody can be invited into, by name.</summary>
    public async Task<IReadOnlyList<(Guid Id, string Name)>> ListTeamsAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (!actor.May(Permissions.PeopleManage, null))
        {
            return [];
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var teams = await db.Set<Team>().OrderBy(t => t.NormalizedName).Select(t => new { t.Id, t.Name }).ToListAsync(cancellationToken);
        return [.. teams.Select(t => (t.Id, t.Name))];
    }

    /// <summary>An invitation as the audit trail names it.</summary>
    public static string Target(Invitation invitation) => invitation.Email ?? invitation.Id.ToString();

    /// <summary>Who invites, as whoever is invited knows them: a person, also where they used a token.</summary>
    public static string Inviter(AccessSnapshot snapshot, Invitation invitation) =>
        (invitation.CreatedById is { } id ? snapshot.People.GetValueOrDefault(id)?.Email : null) ?? invitation.CreatedBy;

    /// <summary>The names of teams.</summary>
    public static Task<Dictionary<Guid, string>> TeamNamesAsync(OperoneDb db, IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        var all = ids.Distinct().ToArray();
        return db.Set<Team>().Where(t => all.Contains(t.Id)).ToDictionaryAsync(t => t.Id, t => t.Name, cancellationToken);
    }

    private async Task<Result<Read>> ReadAsync(CreateInvitation request, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var snapshot = access.Current;
        var email = string.IsNullOrWhiteSpace(request.Email) ? null : request.Email.Trim();
        errors.AddIf(email is not null && !SetupOptionsValidation.IsEmail(email), "email", "is not an e-mail address");
        errors.AddIf(
            email is not null && snapshot.People.Values.Any(p => string.Equals(p.Email, email, StringComparison.OrdinalIgnoreCase)),
            "email", "belongs to somebody who is here already");
        var role = string.IsNullOrWhiteSpace(request.Role) ? null : Guid.TryParse(request.Role, out var roleId)
            ? snapshot.Roles.GetValueOrDefault(roleId)
            : snapshot.Roles.Values.FirstOrDefault(r => string.Equals(r.Name, request.Role.Trim(), StringComparison.OrdinalIgnoreCase));
        errors.AddIf(role is null && !string.IsNullOrWhiteSpace(request.Role), "role", $"'{request.Role}' is no role; there are {string.Join(", ", snapshot.Roles.Values.Select(r => r.Name).Order())}");
        var selector = Selector.Parse(request.Selector);
        foreach (var problem in selector.Error?.Fields?["selector"] ?? [])
        {
            errors.Add("selector", problem);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var known = (request.Teams?.Count ?? 0) == 0 ? [] : await db.Set<Team>().ToListAsync(cancellationToken);
        var teams = new List<Team>();
        foreach (var text in request.Teams ?? [])
        {
            var team = known.FirstOrDefault(t => Guid.TryParse(text, out var id) ? t.Id == id : string.Equals(t.Name, text?.Trim(), StringComparison.OrdinalIgnoreCase));
            errors.AddIf(team is null, "teams", $"'{text}' is no team");
            if (team is not null && !teams.Contains(team))
            {
                teams.Add(team);
            }
        }

        errors.AddIf(role is null && teams.Count == 0 && string.IsNullOrWhiteSpace(request.Role), "role", "is empty, and so are the teams; somebody without either could see nothing");
        var lifetime = request.ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e9)) : Usual;
        errors.AddIf(lifetime < Shortest || lifetime > Longest, "expiresInSeconds", $"must be {Shortest.TotalSeconds:F0} (one hour) to {Longest.TotalSeconds:F0} (30 days)");
        return errors.ToError() is { } error ? error : new Read(email, role, selector.Value, teams, lifetime);
    }

    private InvitationView View(Invitation invitation, Dictionary<Guid, string> teams, string? usedBy, DateTimeOffset now) => new(
        invitation.Id, invitation.Email, invitation.RoleId is { } id ? access.Current.Roles.GetValueOrDefault(id)?.Name : null, invitation.Selector,
        [.. invitation.TeamIds.Select(t => teams.GetValueOrDefault(t)).OfType<string>()],
        invitation.UsedAt is not null ? InvitationStatus.Used
            : invitation.RevokedAt is not null ? InvitationStatus.Revoked
            : invitation.ExpiresAt <= now ? InvitationStatus.Expired
            : InvitationStatus.Open,
        invitation.CreatedBy, invitation.CreatedAt, invitation.ExpiresAt, invitation.UsedAt, usedBy);

    private static string Describe(InvitationView view) =>
        $"{view.Role ?? "no role"}{(view.Selector.Length > 0 ? $" on {view.Selector}" : "")}{(view.Teams.Count > 0 ? $", in {string.Join(", ", view.Teams)}" : "")}, until {view.ExpiresAt:u}";

    private sealed record Read(string? Email, RoleEntry? Role, Selector Selector, List<Team> Teams, TimeSpan Lifetime);
}
