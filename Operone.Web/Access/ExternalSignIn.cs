using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Core.Errors;
using Operone.Web.Access.Pages;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// Signs people in by their accounts elsewhere. An account gets nobody in by its e-mail alone: it is linked by somebody who is
/// signed in, or an open invitation names its verified e-mail.
/// </summary>
internal sealed class ExternalSignIn(
    IDbContextFactory<OperoneDb> databases, ExternalProviders providers, IOptions<ExternalOptions> options, SessionService sessions,
    InvitationAcceptance invitations, LinkService links, IAuditTrail audit)
{
    private const string DeviceKeyItem = "device-key";
    private const string RememberItem = "remember";
    private const string ReturnItem = "return";
    private const string InvitationItem = "invitation";
    private const string LinkItem = "link";

    /// <summary>What is sealed into the state that goes to the provider and back.</summary>
    public static AuthenticationProperties Begin(string? deviceKey, bool remember, string? returnUrl, string? invitation, Guid? linkTo)
    {
        var properties = new AuthenticationProperties { RedirectUri = ExternalRegistration.Done };
        properties.Items[DeviceKeyItem] = deviceKey;
        properties.Items[RememberItem] = remember ? "true" : null;
        properties.Items[ReturnItem] = LocalAddress.Or(returnUrl, "/");
        properties.Items[InvitationItem] = invitation is { Length: <= 100 } ? invitation : null;
        properties.Items[LinkItem] = linkTo?.ToString();
        return properties;
    }

    /// <summary>Takes what a provider said, and gives the address to go on to.</summary>
    public async Task<string> CompleteAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var answer = await context.AuthenticateAsync(IdentityConstants.ExternalScheme);
        await context.SignOutAsync(IdentityConstants.ExternalScheme);
        var provider = providers.Find(answer.Principal?.Identity?.AuthenticationType is { } scheme && scheme.StartsWith(Core.Access.SignInMethods.ExternalPrefix, StringComparison.Ordinal)
            ? scheme[Core.Access.SignInMethods.ExternalPrefix.Length..] : null);
        if (provider is null || answer.Principal?.FindFirstValue(ClaimTypes.NameIdentifier) is not { Length: > 0 and <= 256 } key)
        {
            return Back(null, provider, ExternalErrors.Expired(provider?.Title ?? "the provider"));
        }

        var identity = new ExternalIdentity(
            provider, key, answer.Principal.FindFirstValue(ClaimTypes.Email),
            string.Equals(answer.Principal.FindFirstValue(ExternalRegistration.EmailVerified), "true", StringComparison.OrdinalIgnoreCase),
            answer.Principal.FindFirstValue(ClaimTypes.Name));
        var properties = answer.Properties!;
        var done = IsAllowed(identity) ? await CompleteAsync(context, identity, properties, cancellationToken) : ExternalErrors.DomainNotAllowed(provider.Title);
        if (done.IsError)
        {
            return await NoteAsync(context, properties, provider, done.Error!, identity.ToString());
        }

        return done.Value;
    }

    /// <summary>Something went wrong on the way: notes it, and leads back to where it began.</summary>
    public async Task RefuseAsync(HttpContext context, AuthenticationProperties? properties, ExternalProvider provider, Error error, string? why) =>
        context.Response.Redirect(await NoteAsync(context, properties, provider, error, $"{provider.Name}: {why}"));

    private async Task<string> NoteAsync(HttpContext context, AuthenticationProperties? properties, ExternalProvider provider, Error error, string detail)
    {
        await audit.NoteAsync(Actor.Anonymous(context), "person.sign-in", provider.Name, allowed: false, $"{error.Code}: {detail}", context.RequestAborted);
        return Back(properties, provider, error);
    }

    /// <summary>The page where it began, which says what went wrong.</summary>
    public static string Back(AuthenticationProperties? properties, ExternalProvider? provider, Error error) =>
        $"{(properties?.Items.GetOrNull(LinkItem) is null ? "/sign-in" : "/account")}?problem={error.Code}&provider={provider?.Name}";

    private async Task<Result<string>> CompleteAsync(
        HttpContext context, ExternalIdentity identity, AuthenticationProperties properties, CancellationToken cancellationToken)
    {
        var title = identity.Provider.Title;
        if (properties.Items.GetOrNull(LinkItem) is { } linkTo)
        {
            var actor = Actor.From(context);
            if (actor.SessionId is null || actor.PersonId?.ToString() != linkTo)
            {
                return ExternalErrors.NotSignedIn(title);
            }

            return await links.AddAsync(actor, identity, cancellationToken) is { } problem ? problem : "/account";
        }

        var person = await FindAsync(identity, cancellationToken);
        if (person is null)
        {
            var made = await TakeUpAsync(context, identity, properties.Items.GetOrNull(InvitationItem), cancellationToken);
            if (made.IsError)
            {
                return made.Error!;
            }

            person = made.Value;
        }

        var session = await sessions.BeginAsync(
            context, person, identity.Provider.Scheme, properties.Items.GetOrNull(DeviceKeyItem), properties.Items.GetOrNull(RememberItem) is not null, cancellationToken);
        return session.IsError ? session.Error! : LocalAddress.Or(properties.Items.GetOrNull(ReturnItem), "/");
    }

    private async Task<Result<Person>> TakeUpAsync(HttpContext context, ExternalIdentity identity, string? code, CancellationToken cancellationToken)
    {
        var title = identity.Provider.Title;
        Invitation invitation;
        if (code is not null)
        {
            var found = await invitations.FindAsync(code, cancellationToken);
            if (found.IsError)
            {
                return found.Error!;
            }

            invitation = found.Value;
            if (identity.VerifiedEmail is null)
            {
                return ExternalErrors.Unverified(title);
            }

            if (invitation.NormalizedEmail is { } named && !string.Equals(named, identity.VerifiedEmail, StringComparison.OrdinalIgnoreCase))
            {
                return InvitationErrors.EmailNotInvited;
            }
        }
        else
        {
            if (identity.VerifiedEmail is null || await invitations.FindByVerifiedEmailAsync(identity.VerifiedEmail, cancellationToken) is not { } named)
            {
                return ExternalErrors.Unknown(title);
            }

            invitation = named;
        }

        return await invitations.AcceptAsync(
            context, invitation, identity.VerifiedEmail, identity.Name is { Length: <= 100 } name && !name.Any(char.IsControl) ? name : null, identity.Provider.Scheme,
            (person, db) => db.Add(LinkService.ToLogin(identity, person.Id)), errors: null, cancellationToken);
    }

    private async Task<Person?> FindAsync(ExternalIdentity identity, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<IdentityUserLogin<Guid>>().Where(l => l.LoginProvider == identity.Provider.Name && l.ProviderKey == identity.Key)
            .Join(db.Set<Person>(), l => l.UserId, p => p.Id, (_, p) => p).SingleOrDefaultAsync(cancellationToken);
    }

    private bool IsAllowed(ExternalIdentity identity) =>
        options.Value.AllowedDomains is { Count: 0 }
        || (identity.VerifiedEmail is { } email && options.Value.AllowedDomains.Contains(email[(email.LastIndexOf('@') + 1)..], StringComparer.OrdinalIgnoreCase));
}

/// <summary>Reads items that may not be there.</summary>
internal static class PropertiesExtensions
{
    public static string? GetOrNull(this IDictionary<string, string?> items, string key) =>
        items.TryGetValue(key, out var value) && value is { Length: > 0 } ? value : null;
}
