using System.Globalization;
using Microsoft.Extensions.Options;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>What a new token is to be, once it was found to be in order.</summary>
internal sealed record NewApiToken(
    string Name, TokenKind Kind, PermissionSet Permissions, Selector Selector, DateTimeOffset? ExpiresAt, RoleEntry? Role);

/// <summary>
/// What a token may be. It never exceeds its maker: a person's is capped by what they may at the time, and one that a token
/// makes is held against that token when it is made.
/// </summary>
internal sealed class TokenRules(
    AccessDirectory access, StepUp stepUp, AccountLimits limits, IOptions<TokenOptions> options, TimeProvider time)
{
    private const long MaxSeconds = 10L * 365 * 24 * 3600;

    /// <summary>For how long a token may be good at the most.</summary>
    public TimeSpan? MaxLifetime => options.Value.MaxDays is { } days ? TimeSpan.FromDays(days) : null;

    /// <summary>Reads a request: all that is wrong with it at once.</summary>
    public Result<NewApiToken> Read(CreateApiToken request)
    {
        var name = request.Name?.Trim() ?? "";
        var named = request.Permissions?.Distinct(StringComparer.Ordinal).ToArray() ?? [];
        var errors = new FieldErrors();
        CheckName(name, errors);
        var most = (long)(MaxLifetime?.TotalSeconds ?? MaxSeconds);
        errors.AddIf(request.ExpiresInSeconds is { } seconds && (seconds < 1 || seconds > most), "expiresInSeconds",
            $"must be 1 to {most}{(MaxLifetime is null ? ", or null for a token without end" : $" ({options.Value.MaxDays} days)")}");
        errors.AddIf(request.ExpiresInSeconds is null && MaxLifetime is not null, "expiresInSeconds",
            $"is missing; this installation lets tokens be good for {options.Value.MaxDays} days at the most");
        foreach (var permission in named.Where(p => !Permissions.IsKnown(p)))
        {
            errors.Add("permissions", $"'{permission}' is not a permission; there are {string.Join(", ", Permissions.All)}");
        }

        var role = string.IsNullOrWhiteSpace(request.Role) ? null : FindRole(request.Role.Trim());
        if (request.Kind == TokenKind.Service)
        {
            errors.AddIf(named.Length > 0, "permissions", "goes with a personal token; a service token has roles: name one in 'role', or make grants for it");
            errors.AddIf(request.Role is not null && role is null, "role", $"'{request.Role}' is not a role; there are {string.Join(", ", RoleNames())}");
            errors.AddIf(role is null && !string.IsNullOrWhiteSpace(request.Selector), "selector", "goes with 'role': it says on which devices");
        }
        else
        {
            errors.AddIf(named.Length == 0, "permissions", $"names none; there are {string.Join(", ", Permissions.All)}");
            errors.AddIf(request.Role is not null, "role", "goes with a service token; a personal token has permissions");
            errors.AddIf(!Enum.IsDefined(request.Kind), "kind", "must be personal or service");
        }

        var selector = Selector.Parse(request.Selector);
        foreach (var problem in selector.Error?.Fields?["selector"] ?? [])
        {
            errors.Add("selector", problem);
        }

        return errors.ToError() is { } error
            ? error
            : new NewApiToken(
                name, request.Kind, PermissionSet.Of(named), selector.Value,
                request.ExpiresInSeconds is { } lifetime ? AuditChain.Truncate(time.GetUtcNow().AddSeconds(lifetime)) : null, role);
    }

    /// <summary>A token's name.</summary>
    public static void CheckName(string name, FieldErrors errors) =>
        errors.AddIf(name.Length is < 1 or > 100 || name.Any(char.IsControl), "name", "must have 1 to 100 characters");

    /// <summary>Why somebody may not make this token, or null where they may.</summary>
    public Error? FindExcess(Actor actor, NewApiToken token)
    {
        var now = time.GetUtcNow();
        if (token.Permissions.Names.FirstOrDefault(p => actor.Lacks(p) is not null) is { } beyond)
        {
            return Beyond(actor, $"{actor.Name} lacks the permission '{beyond}', and nobody can give what they lack.");
        }

        if (token.Role is { } role && !Policy.Covers(actor.Subject, role.Permissions, token.Selector, token.ExpiresAt, now))
        {
            var lacking = role.Permissions.Names
                .Where(p => !Policy.Covers(actor.Subject, PermissionSet.Of([p]), token.Selector, token.ExpiresAt, now)).ToArray();
            return Beyond(actor, $"{actor.Name} cannot give the role {role.Name} {On(token.Selector)}: they lack {string.Join(", ", lacking)} there"
                + $"{(token.ExpiresAt is { } until ? $" until {until.ToString("u", CultureInfo.InvariantCulture)}" : " for good")}, and nobody can give what they lack.");
        }

        return actor.TokenId is null ? null : FindExcessOfToken(actor, token, now);
    }

    /// <summary>What else stands in the way for now: a passkey that wants touching, or too many made.</summary>
    public async ValueTask<Error?> FindHindranceAsync(Actor actor, Guid owner, NewApiToken token, CancellationToken cancellationToken) =>
        await stepUp.RequireAsync(actor, DangerousActs.ShowSecret, cancellationToken)
            ?? (token.Role is null ? null : await stepUp.RequireAsync(actor, DangerousActs.ChangeAccess, cancellationToken))
            ?? (limits.TryTake(AccountLimits.Tokens, owner.ToString(), out var wait) ? null : Error.TooMany(wait));

    // What its person may caps both; what the token itself was given caps only what it makes now.
    private static Error? FindExcessOfToken(Actor actor, NewApiToken token, DateTimeOffset now)
    {
        var own = new Subject(actor.Subject.Grants);
        var most = own.Grants.Where(g => g.Effect == GrantEffect.Allow).Select(g => g.Until ?? DateTimeOffset.MaxValue).DefaultIfEmpty(now).Max();
        if ((token.ExpiresAt ?? DateTimeOffset.MaxValue) > most)
        {
            return Error.InvalidField("expiresInSeconds",
                $"must end no later than {actor.Name}, which makes it: {most.ToString("u", CultureInfo.InvariantCulture)}. A token never outlasts the token that made it");
        }

        var permissions = token.Role?.Permissions ?? token.Permissions;
        return Policy.Covers(own, permissions, token.Selector, token.ExpiresAt, now)
            ? null
            : Beyond(actor, $"{actor.Name} was not given all of that {On(token.Selector)}, and nobody can give what they lack. Name fewer permissions, or a narrower selector.");
    }

    private static Error Beyond(Actor actor, string detail) => AccessErrors.PermissionMissing(actor.Name, "") with { Detail = detail };

    private static string On(Selector selector) => selector.IsEverything ? "on all devices" : $"on {selector}";

    private RoleEntry? FindRole(string text)
    {
        var roles = access.Current.Roles;
        return Guid.TryParse(text, out var id) ? roles.GetValueOrDefault(id)
            : roles.Values.FirstOrDefault(r => string.Equals(r.Name, text, StringComparison.OrdinalIgnoreCase));
    }

    private IEnumerable<string> RoleNames() => access.Current.Roles.Values.Select(r => r.Name).Order(StringComparer.OrdinalIgnoreCase);
}
