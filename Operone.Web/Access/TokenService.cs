using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>The use cases of API tokens: make, list, revoke.</summary>
internal sealed class TokenService(
    IDbContextFactory<OperoneDb> databases, TokenDirectory directory, IAuditTrail audit, IEvents events, TimeProvider time)
{
    private const long MaxSeconds = 10L * 365 * 24 * 3600;

    /// <summary>Makes a token. Its text is in the answer, and nowhere ever after.</summary>
    public async Task<Result<ApiTokenView>> CreateAsync(Actor actor, CreateApiToken request, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.TokensManage, "token.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        var name = request.Name?.Trim() ?? "";
        var permissions = request.Permissions?.Distinct(StringComparer.Ordinal).ToArray() ?? [];
        var errors = new FieldErrors();
        errors.AddIf(name.Length is < 1 or > 100 || name.Any(char.IsControl), "name", "must have 1 to 100 characters");
        errors.AddIf(permissions.Length == 0, "permissions", $"names none; there are {string.Join(", ", Permissions.All)}");
        errors.AddIf(request.ExpiresInSeconds is < 1 or > MaxSeconds, "expiresInSeconds", $"must be 1 to {MaxSeconds}, or null for a token without end");
        foreach (var permission in permissions)
        {
            errors.AddIf(!Permissions.IsKnown(permission), "permissions", $"'{permission}' is not a permission; there are {string.Join(", ", Permissions.All)}");
        }

        if (errors.ToError() is { } error)
        {
            return error;
        }

        if (permissions.FirstOrDefault(p => !actor.May(p)) is { } beyond)
        {
            await audit.NoteAsync(actor, "token.create", name, allowed: false, $"lacks {beyond}, and so cannot give it", cancellationToken);
            return actor.Lacks(beyond)! with { Detail = $"{actor.Name} lacks the permission '{beyond}', and nobody can give what they lack." };
        }

        if (actor.PersonId is not { } owner)
        {
            return AccessErrors.NoPerson(actor.Name);
        }

        var text = SecretText.Create("op_");
        var now = time.GetUtcNow();
        var token = new ApiToken
        {
            Id = Guid.CreateVersion7(now),
            Name = name,
            Hash = SecretText.Hash(text),
            Permissions = [.. Permissions.All.Where(permissions.Contains)],
            OwnerId = owner,
            CreatedBy = actor.Name,
            CreatedAt = now,
            ExpiresAt = request.ExpiresInSeconds is { } seconds ? now.AddSeconds(seconds) : null,
        };
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            db.Add(token);
            await db.SaveChangesAsync(cancellationToken);
        }

        await audit.NoteAsync(actor, "token.create", name, allowed: true, string.Join(", ", token.Permissions), cancellationToken);
        await events.PublishAsync(new(EventTypes.TokenCreated, name, Actor: actor.Name), cancellationToken);
        return token.ToView(text);
    }

    /// <summary>A page of tokens, newest first, without their texts.</summary>
    public async Task<Result<Page<ApiTokenView>>> ListAsync(Actor actor, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.TokensManage, "token.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var tokens = db.Set<ApiToken>().AsQueryable();
        if (page.Value.After is { } after)
        {
            tokens = tokens.Where(t => t.Id < after);
        }

        var found = await tokens.OrderByDescending(t => t.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return page.Value.ToPage(found, t => t.Id, t => t.ToView());
    }

    /// <summary>Revokes a token at once.</summary>
    public async Task<Result<Unit>> RevokeAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.TokensManage, "token.revoke", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var token = await db.Set<ApiToken>().SingleOrDefaultAsync(t => t.Id == id, cancellationToken);
        if (token is null || await db.Set<ApiToken>().Where(t => t.Id == id).ExecuteDeleteAsync(cancellationToken) == 0)
        {
            return AccessErrors.TokenNotFound(id);
        }

        directory.Ended(token.Hash);
        await audit.NoteAsync(actor, "token.revoke", token.Name, allowed: true, cancellationToken: cancellationToken);
        await events.PublishAsync(new(EventTypes.TokenRevoked, token.Name, Actor: actor.Name), cancellationToken);
        return Unit.Value;
    }
}
