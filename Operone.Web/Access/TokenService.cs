using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Which tokens to list.</summary>
/// <param name="All">Everybody's; only for who manages tokens. Otherwise one's own.</param>
/// <param name="Text">Only those whose name or owner contains this.</param>
/// <param name="Kind">Only those of this kind.</param>
internal sealed record TokenFilter(bool All = false, string? Text = null, TokenKind? Kind = null);

/// <summary>
/// The use cases of API tokens that there are. Everybody sees, renames and revokes their own; who manages tokens does so with everybody's.
/// For others, somebody else's token does not exist.
/// </summary>
internal sealed class TokenService(
    IDbContextFactory<OperoneDb> databases, TokenDirectory directory, SessionService sessions, AccessDirectory access, IAuditTrail audit)
{
    /// <summary>A page of tokens, newest first, without their texts.</summary>
    public async Task<Result<Page<ApiTokenView>>> ListAsync(
        Actor actor, TokenFilter filter, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var denied = filter.All
            ? await audit.RequireAsync(actor, Permissions.TokensManage, "token.read", null, cancellationToken)
            : await RequireOwnAsync(actor, "token.read", null, cancellationToken);
        if (denied is not null)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var tokens = Choose(db.Set<ApiToken>(), actor, filter);
        if (page.Value.After is { } after)
        {
            tokens = tokens.Where(t => t.Id < after);
        }

        var found = await tokens.OrderByDescending(t => t.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        var snapshot = access.Current;
        return page.Value.ToPage(found, t => t.Id, t => t.ToView(snapshot));
    }

    /// <summary>A token, without its text.</summary>
    public async Task<Result<ApiTokenView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var token = await FindAsync(actor, id, "token.read", cancellationToken);
        return token.IsError ? token.Error! : token.Value.ToView(access.Current);
    }

    /// <summary>Gives a token another name.</summary>
    public async Task<Result<ApiTokenView>> RenameAsync(Actor actor, Guid id, string? newName, CancellationToken cancellationToken)
    {
        var token = await FindAsync(actor, id, "token.rename", cancellationToken);
        if (token.IsError)
        {
            return token.Error!;
        }

        var name = newName?.Trim() ?? "";
        var errors = new FieldErrors();
        TokenRules.CheckName(name, errors);
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var before = token.Value.Name;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.ChangeAsync(
            () => db.Set<ApiToken>().Where(t => t.Id == id).ExecuteUpdateAsync(set => set.SetProperty(t => t.Name, name), cancellationToken),
            new OperoneEvent(EventTypes.TokenUpdated, name, Actor: actor.Name), cancellationToken) == 0)
        {
            return AccessErrors.TokenNotFound(id);
        }

        directory.Changed(token.Value.Hash);
        await audit.NoteAsync(actor, "token.rename", name, allowed: true, $"was {before}", ByWhich(actor, token.Value), cancellationToken);
        token.Value.Name = name;
        return token.Value.ToView(access.Current);
    }

    /// <summary>Revokes a token at once, with the grants that it had: requests and streams in flight are cut.</summary>
    public async Task<Result<Unit>> RevokeAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var token = await FindAsync(actor, id, "token.revoke", cancellationToken);
        return token.IsError ? token.Error! : await RevokeAsync(actor, token.Value, $"revoked by {actor.Name}", cancellationToken);
    }

    /// <summary>Revokes a token, for a reason that needs no permission: whoever has its text gives it back.</summary>
    public async Task<Result<Unit>> RevokeAsync(Actor actor, ApiToken token, string reason, CancellationToken cancellationToken)
    {
        var happened = new OperoneEvent(EventTypes.TokenRevoked, token.Name, Actor: actor.Name);
        if (token.SessionId is { } held)
        {
            // A command line is signed out by it: its session goes with it.
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await sessions.EndAsync(actor, await db.Set<Session>().Where(s => s.Id == held).ToListAsync(cancellationToken), reason, cancellationToken, happened);
        }
        else if (!await DeleteAsync(token, happened, cancellationToken))
        {
            return AccessErrors.TokenNotFound(token.Id);
        }

        directory.Ended(token.Hash);
        await audit.NoteAsync(actor, "token.revoke", token.Name, allowed: true, reason, ByWhich(actor, token), cancellationToken);
        return Unit.Value;
    }

    /// <summary>Revokes the token with this text, for whoever has it (RFC 7009). One that is not known is as good as revoked.</summary>
    public async Task RevokeAsync(string text, string? address, string requestId, CancellationToken cancellationToken)
    {
        var hash = SecretText.Hash(text);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Hash == hash, cancellationToken) is { } token)
        {
            var actor = new Actor(token.Id, $"token:{token.Name}", Standing.None, address) { TokenId = token.Id, SessionId = token.SessionId, RequestId = requestId };
            await RevokeAsync(actor, token, "given back by whoever had it", cancellationToken);
        }
    }

    private async Task<bool> DeleteAsync(ApiToken token, OperoneEvent happened, CancellationToken cancellationToken)
    {
        if (token.Kind == TokenKind.Personal)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            return await db.ChangeAsync(() => db.Set<ApiToken>().Where(t => t.Id == token.Id).ExecuteDeleteAsync(cancellationToken), happened, cancellationToken) > 0;
        }

        await using var change = await access.BeginAsync(cancellationToken);
        var deleted = await change.Db.Set<ApiToken>().Where(t => t.Id == token.Id).ExecuteDeleteAsync(cancellationToken) > 0;
        await change.Db.Set<Grant>().Where(g => g.SubjectKind == SubjectKind.Token && g.SubjectId == token.Id).ExecuteDeleteAsync(cancellationToken);
        if (deleted)
        {
            change.Db.Publish(happened);
        }

        _ = await change.CommitAsync(cancellationToken);
        return deleted;
    }

    private async Task<Result<ApiToken>> FindAsync(Actor actor, Guid id, string action, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var token = await db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Id == id, cancellationToken);
        if (token is null || (token.OwnerId != actor.PersonId && !actor.May(Permissions.TokensManage, null)))
        {
            return AccessErrors.TokenNotFound(id);
        }

        return await RequireOwnAsync(actor, action, token.Name, cancellationToken) is { } denied ? denied : token;
    }

    // One's own are one's own; somebody else's are by a grant.
    private static Guid? ByWhich(Actor actor, ApiToken token) =>
        token.OwnerId == actor.PersonId ? null : actor.Decide(Permissions.TokensManage, null).Grant;

    /// <summary>A person may look after their own tokens, whatever else they may; a token of theirs only where it may make some.</summary>
    private async ValueTask<Error?> RequireOwnAsync(Actor actor, string action, string? target, CancellationToken cancellationToken) =>
        actor.TokenId is null || actor.May(Permissions.TokensManage, null)
            ? null
            : await audit.RequireAsync(actor, Permissions.TokensCreate, action, target, cancellationToken);

    private IQueryable<ApiToken> Choose(IQueryable<ApiToken> tokens, Actor actor, TokenFilter filter)
    {
        if (!filter.All)
        {
            tokens = tokens.Where(t => t.OwnerId == actor.PersonId);
        }

        if (filter.Kind is { } kind)
        {
            tokens = tokens.Where(t => t.Kind == kind);
        }

        if (filter.Text?.Trim() is { Length: > 0 } text)
        {
            var owners = access.Current.People.Values.Where(p => p.Email.Contains(text, StringComparison.OrdinalIgnoreCase)).Select(p => p.Id).ToArray();
#pragma warning disable CA1304, CA1311, CA1862 // the database lowers it, in its own way
            tokens = tokens.Where(t => t.Name.ToLower().Contains(text.ToLower()) || owners.Contains(t.OwnerId));
#pragma warning restore CA1304, CA1311, CA1862
        }

        return tokens;
    }
}
