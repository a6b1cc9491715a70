using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Makes API tokens: for oneself, and for programs.</summary>
internal sealed class TokenMaker(
    IDbContextFactory<OperoneDb> databases, TokenRules rules, AccessDirectory access, IAuditTrail audit, TimeProvider time)
{
    /// <summary>Makes a token. Its text is in the answer, and nowhere ever after.</summary>
    public async Task<Result<ApiTokenView>> CreateAsync(Actor actor, CreateApiToken request, CancellationToken cancellationToken)
    {
        var permission = request.Kind == TokenKind.Service ? Permissions.TokensManage : Permissions.TokensCreate;
        if (await audit.RequireAsync(actor, permission, "token.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (actor.PersonId is not { } owner)
        {
            return AccessErrors.NoPerson(actor.Name);
        }

        var read = rules.Read(request);
        if (read.IsError)
        {
            return read.Error!;
        }

        if (rules.FindExcess(actor, read.Value) is { } excess)
        {
            await audit.NoteAsync(actor, "token.create", read.Value.Name, allowed: false, excess.Detail, cancellationToken);
            return excess;
        }

        if (await rules.FindHindranceAsync(actor, owner, read.Value, cancellationToken) is { } hindrance)
        {
            return hindrance;
        }

        var text = TokenText.Create();
        var token = await StoreAsync(actor, owner, read.Value, text, cancellationToken);
        await audit.NoteAsync(
            actor, "token.create", token.Name, allowed: true, Describe(read.Value), actor.Decide(permission, null).Grant, cancellationToken);
        return token.ToView(access.Current, text);
    }

    private async Task<ApiToken> StoreAsync(Actor actor, Guid owner, NewApiToken made, string text, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var token = new ApiToken
        {
            Id = Guid.CreateVersion7(now),
            Name = made.Name,
            Hash = SecretText.Hash(text),
            Kind = made.Kind,
            Permissions = [.. made.Permissions.Names],
            Selector = made.Kind == TokenKind.Personal ? made.Selector.ToString() : "",
            OwnerId = owner,
            CreatedBy = actor.Name,
            CreatedAt = now,
            ExpiresAt = made.ExpiresAt,
        };
        var happened = new OperoneEvent(EventTypes.TokenCreated, token.Name, Actor: actor.Name);
        if (made.Role is not { } role)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            db.Add(token);
            db.Publish(happened);
            await db.SaveChangesAsync(cancellationToken);
            return token;
        }

        await using var change = await access.BeginAsync(cancellationToken);
        change.Db.Add(token);
        change.Db.Publish(happened);
        change.Db.Add(new Grant
        {
            Id = Guid.CreateVersion7(now),
            Effect = GrantEffect.Allow,
            RoleId = role.Id,
            SubjectKind = SubjectKind.Token,
            SubjectId = token.Id,
            Selector = made.Selector.ToString(),
            Until = made.ExpiresAt,
            CreatedBy = actor.Name,
            CreatedById = actor.Id,
            CreatedAt = now,
        });

        // It takes nothing from any owner.
        _ = await change.CommitAsync(cancellationToken);
        return token;
    }

    private static string Describe(NewApiToken token) =>
        $"{(token.Kind == TokenKind.Service ? token.Role is { } role ? $"service, {role.Name}" : "service" : string.Join(", ", token.Permissions.Names))}"
        + $"{(token.Selector.IsEverything ? "" : $" on {token.Selector}")}{(token.ExpiresAt is { } end ? $", until {end:u}" : "")}";
}
