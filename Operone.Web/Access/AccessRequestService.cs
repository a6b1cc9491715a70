using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Which requests a list shows. All that is given must hold.</summary>
/// <param name="Status">That stand so: <c>open</c>, <c>approved</c>, <c>refused</c> or <c>withdrawn</c>.</param>
/// <param name="Mine">One's own alone.</param>
/// <param name="Limit">How many, 1 to 500; null for 50.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record AccessRequestQuery(string? Status = null, bool Mine = false, int? Limit = null, string? Cursor = null);

/// <summary>The use cases of access requests: ask, look, approve, refuse, withdraw.</summary>
internal sealed class AccessRequestService(
    IDbContextFactory<OperoneDb> databases, AccessDirectory access, AccessRules rules, GrantService grants, TimeProvider time)
{
    /// <summary>The shortest time that may be asked for.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMinutes(15);

    /// <summary>The longest.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private const int MaxOpen = 20;

    /// <summary>A page of requests, newest first: one's own, and everybody's for who manages people.</summary>
    public async Task<Result<Page<AccessRequestView>>> ListAsync(Actor actor, AccessRequestQuery query, CancellationToken cancellationToken)
    {
        var page = PageRequest.Parse(query.Limit, query.Cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        AccessRequestStatus? status = null;
        if (!string.IsNullOrEmpty(query.Status))
        {
            if (!Enum.TryParse<AccessRequestStatus>(query.Status, ignoreCase: true, out var parsed) || !char.IsLetter(query.Status[0]))
            {
                return Error.InvalidField("status", "must be open, approved, refused or withdrawn");
            }

            status = parsed;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var requests = Visible(db, actor, query.Mine);
        if (status is { } wanted)
        {
            requests = requests.Where(r => r.Status == wanted);
        }

        if (page.Value.After is { } after)
        {
            requests = requests.Where(r => r.Id < after);
        }

        var found = await requests.OrderByDescending(r => r.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        var snapshot = access.Current;
        return page.Value.ToPage(found, r => r.Id, r => View(snapshot, r));
    }

    /// <summary>How many requests are open that somebody may decide.</summary>
    public async Task<int> CountOpenAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (!actor.May(Permissions.PeopleManage, null))
        {
            return 0;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var me = actor.PersonId;
        return await db.Set<AccessRequest>().CountAsync(r => r.Status == AccessRequestStatus.Open && r.PersonId != me, cancellationToken);
    }

    /// <summary>One request. Somebody else's does not exist for who does not manage people.</summary>
    public async Task<Result<AccessRequestView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Visible(db, actor, mine: false).SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is { } request
            ? View(access.Current, request)
            : AccessErrors.RequestNotFound(id);
    }

    /// <summary>Asks for a role on devices for a while. It is a person who asks, in a session; a token that was made for something else does not.</summary>
    public async Task<Result<AccessRequestView>> CreateAsync(Actor actor, CreateAccessRequest request, CancellationToken cancellationToken)
    {
        await using var change = await rules.BeginAsync(cancellationToken);
        if (Asker(actor) is not { } personId)
        {
            return await rules.RefuseAsync(actor, "access-request.create", request.Role, AccessErrors.NoPerson(actor.Name), null, cancellationToken);
        }

        var errors = new FieldErrors();
        var role = AccessInput.FindRole(change.Before, request.Role);
        errors.AddIf(role is null, "role", string.IsNullOrWhiteSpace(request.Role) ? "is empty" : $"is no role: '{request.Role}'");
        var selector = AccessInput.CheckSelector(request.Selector, errors);
        var reason = AccessInput.CheckText(request.Reason, "reason", errors, required: true);
        errors.AddIf(
            request.DurationSeconds < Shortest.TotalSeconds || request.DurationSeconds > Longest.TotalSeconds, "durationSeconds",
            $"must be {Shortest.TotalSeconds} to {Longest.TotalSeconds}: 15 minutes to 30 days");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        if (await change.Db.Set<AccessRequest>().CountAsync(r => r.PersonId == personId && r.Status == AccessRequestStatus.Open, cancellationToken) >= MaxOpen)
        {
            return AccessErrors.TooManyRequests(MaxOpen);
        }

        var now = time.GetUtcNow();
        var asked = new AccessRequest
        {
            Id = Guid.CreateVersion7(now),
            PersonId = personId,
            RoleId = role!.Id,
            Selector = selector.ToString(),
            DurationSeconds = request.DurationSeconds,
            Reason = reason,
            CreatedAt = now,
        };
        change.Db.Add(asked);
        return await StoreAsync(actor, change, asked, "access-request.create", EventTypes.AccessRequestCreated, reason, null, cancellationToken);
    }

    /// <summary>Approves a request: it becomes a grant that ends by itself. Nobody approves their own, nor gives what they lack.</summary>
    public async Task<Result<AccessRequestView>> ApproveAsync(
        Actor actor, Guid id, ApproveAccessRequest decision, CancellationToken cancellationToken)
    {
        var found = await BeginAsync(actor, id, "access-request.approve", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var change = found.Value.Change;
        var request = found.Value.Request;
        var errors = new FieldErrors();
        var reason = AccessInput.CheckText(decision.Reason, "reason", errors);
        var seconds = decision.DurationSeconds ?? request.DurationSeconds;
        errors.AddIf(seconds < 60 || seconds > request.DurationSeconds, "durationSeconds",
            $"must be 60 to {request.DurationSeconds}: an approval can shorten what was asked for, not lengthen it");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        if (request.PersonId == actor.PersonId)
        {
            return await rules.RefuseAsync(actor, "access-request.approve", actor.Name, AccessErrors.OwnRequest, null, cancellationToken);
        }

        var now = time.GetUtcNow();
        var grant = new Grant
        {
            Id = Guid.CreateVersion7(now),
            Effect = GrantEffect.Allow,
            RoleId = request.RoleId,
            SubjectKind = SubjectKind.Person,
            SubjectId = request.PersonId,
            Selector = request.Selector,
            Until = now.AddSeconds(seconds),
            Reason = request.Reason,
            CreatedBy = actor.Name,
            CreatedById = actor.PersonId,
            CreatedAt = now,
        };
        if (await grants.RefuseAsync(actor, change.Before, grant, Target(change.Before, request), cancellationToken) is { } refused)
        {
            return refused;
        }

        change.Db.Add(grant);
        Decide(actor, request, AccessRequestStatus.Approved, reason, grant.Id);
        return await StoreAsync(
            actor, change, request, "access-request.approve", EventTypes.AccessRequestApproved, $"until {grant.Until:u}", grant, cancellationToken);
    }

    /// <summary>Refuses a request, and says why.</summary>
    public async Task<Result<AccessRequestView>> RefuseAsync(
        Actor actor, Guid id, RefuseAccessRequest decision, CancellationToken cancellationToken)
    {
        var found = await BeginAsync(actor, id, "access-request.refuse", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        await using var change = found.Value.Change;
        var errors = new FieldErrors();
        var reason = AccessInput.CheckText(decision.Reason, "reason", errors, required: true);
        if (errors.ToError() is { } error)
        {
            return error;
        }

        Decide(actor, found.Value.Request, AccessRequestStatus.Refused, reason, null);
        return await StoreAsync(
            actor, change, found.Value.Request, "access-request.refuse", EventTypes.AccessRequestRefused, reason, null, cancellationToken);
    }

    /// <summary>Takes one's own request back.</summary>
    public async Task<Result<AccessRequestView>> WithdrawAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        await using var change = await rules.BeginAsync(cancellationToken);
        var request = await change.Db.Set<AccessRequest>().SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        if (request is null || request.PersonId != Asker(actor))
        {
            return AccessErrors.RequestNotFound(id);
        }

        if (request.Status != AccessRequestStatus.Open)
        {
            return AccessErrors.RequestDecided(request.Status);
        }

        Decide(actor, request, AccessRequestStatus.Withdrawn, "", null);
        return await StoreAsync(
            actor, change, request, "access-request.withdraw", EventTypes.AccessRequestWithdrawn, null, null, cancellationToken);
    }

    private async Task<Result<(AccessChange Change, AccessRequest Request)>> BeginAsync(
        Actor actor, Guid id, string action, CancellationToken cancellationToken)
    {
        var begun = await rules.BeginAsync(actor, Permissions.PeopleManage, action, id.ToString(), cancellationToken);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        var request = await begun.Value.Db.Set<AccessRequest>().SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        if (request is { Status: AccessRequestStatus.Open })
        {
            return (begun.Value, request);
        }

        await begun.Value.DisposeAsync();
        return request is null ? AccessErrors.RequestNotFound(id) : AccessErrors.RequestDecided(request.Status);
    }

    private void Decide(Actor actor, AccessRequest request, AccessRequestStatus status, string reason, Guid? grantId)
    {
        request.Status = status;
        request.DecidedAt = time.GetUtcNow();
        request.DecidedBy = actor.Name;
        request.DecisionReason = reason.Length == 0 ? null : reason;
        request.GrantId = grantId;
    }

    private async Task<Result<AccessRequestView>> StoreAsync(
        Actor actor, AccessChange change, AccessRequest request, string action, string type, string? detail, Grant? grant, CancellationToken cancellationToken)
    {
        var (target, asked) = (Target(change.Before, request), View(change.Before, request));
        change.Db.Publish(new(type, asked.Person, Actor: actor.Name, Data: new Dictionary<string, string?>
        {
            ["requestId"] = request.Id.ToString(),
            ["role"] = asked.Role,
            ["selector"] = request.Selector,
        }));
        var given = grant is null ? null : await grants.ViewAsync(change.Before, grant, cancellationToken);
        if (given is not null)
        {
            change.Db.Publish(GrantService.Event(actor, EventTypes.GrantCreated, given));
        }

        if (await change.CommitAsync(cancellationToken) is { } conflict)
        {
            return await rules.RefuseAsync(actor, action, target, conflict, null, cancellationToken);
        }

        await rules.NoteAsync(actor, Permissions.PeopleManage, action, target, detail, cancellationToken);
        if (given is not null)
        {
            await grants.NoteAsync(actor, "grant.create", given, cancellationToken);
        }

        return View(access.Current, request);
    }

    // In the console or with a command line that they signed in: both hold a session.
    private static Guid? Asker(Actor actor) => actor.SessionId is null ? null : actor.PersonId;

    private static IQueryable<AccessRequest> Visible(OperoneDb db, Actor actor, bool mine)
    {
        var me = Asker(actor) ?? Guid.Empty;
        return !mine && actor.May(Permissions.PeopleManage, null)
            ? db.Set<AccessRequest>()
            : db.Set<AccessRequest>().Where(r => r.PersonId == me);
    }

    private static string Target(AccessSnapshot snapshot, AccessRequest request) =>
        $"{snapshot.Roles.GetValueOrDefault(request.RoleId)?.Name} {AccessRules.On(request.Selector)} for {snapshot.People.GetValueOrDefault(request.PersonId)?.Email}";

    private static AccessRequestView View(AccessSnapshot snapshot, AccessRequest request) => new(
        request.Id, request.PersonId, snapshot.People.GetValueOrDefault(request.PersonId)?.Email ?? "", request.RoleId,
        snapshot.Roles.GetValueOrDefault(request.RoleId)?.Name ?? "", request.Selector, request.DurationSeconds, request.Reason, request.Status,
        request.CreatedAt, request.DecidedAt, request.DecidedBy, request.DecisionReason, request.GrantId,
        request.GrantId is { } grant ? snapshot.Grants.GetValueOrDefault(grant)?.Until : null);
}
