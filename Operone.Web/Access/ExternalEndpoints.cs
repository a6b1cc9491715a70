using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>What a button of a provider sends.</summary>
internal sealed class ExternalForm
{
    /// <summary>The provider's name.</summary>
    public string? Provider { get; set; }

    /// <summary>The browser's public key.</summary>
    public string? DeviceKey { get; set; }

    /// <summary>Whether to stay signed in.</summary>
    public bool Remember { get; set; }

    /// <summary>Where to go on to.</summary>
    public string? ReturnUrl { get; set; }

    /// <summary>The code of the invitation that is taken up.</summary>
    public string? Invitation { get; set; }

    /// <summary>Whether to link it to whoever is signed in.</summary>
    public bool Link { get; set; }
}

/// <summary>Where signing in with an account elsewhere begins and ends. Providers answer at <c>/sign-in/NAME</c>, which their handlers serve.</summary>
internal static class ExternalEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/sign-in").AllowAnonymous().ExcludeFromDescription().RequireRateLimiting(RateLimits.SignIn);
#pragma warning disable RDG003 // a form is bound when it runs
        group.MapPost("/with", BeginAsync);
#pragma warning restore RDG003
        group.MapGet("/external", async (HttpContext context, ExternalSignIn external, CancellationToken cancellationToken) =>
            TypedResults.LocalRedirect(await external.CompleteAsync(context, cancellationToken)));
    }

    private static async Task<Results<ContentHttpResult, RedirectHttpResult, NotFound>> BeginAsync(
        HttpContext context, [FromForm] ExternalForm form, ExternalProviders providers, ExternalSignIn external, LinkService links, CancellationToken cancellationToken)
    {
        if (providers.Find(form.Provider) is not { } provider)
        {
            return TypedResults.NotFound();
        }

        var actor = Actor.From(context);
        var isLink = form.Link;
        var properties = ExternalSignIn.Begin(form.DeviceKey, form.Remember, form.ReturnUrl, form.Invitation, isLink ? actor.PersonId ?? Guid.Empty : null);
        var problem = isLink
            ? actor.SessionId is null ? ExternalErrors.NotSignedIn(provider.Title) : await links.MayLinkAsync(actor, cancellationToken)
            : DeviceKey.Read(form.DeviceKey) is null ? AccessErrors.DeviceKeyMissing : null;
        if (problem is not null)
        {
            return TypedResults.LocalRedirect(ExternalSignIn.Back(properties, provider, problem));
        }

        try
        {
            await context.ChallengeAsync(provider.Scheme, properties);
        }
        catch (Exception exception) when (exception is InvalidOperationException or HttpRequestException or IOException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            await external.RefuseAsync(context, properties, provider, ExternalErrors.Away(provider.Title), exception.GetBaseException().Message);
            return TypedResults.LocalRedirect(context.Response.Headers.Location.ToString());
        }

        // Not by a redirect: those of a form are bound by form-action all the way, also where a provider leads on to others.
        var address = context.Response.Headers.Location.ToString();
        context.Response.Headers.Remove("Location");
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.Headers.CacheControl = "no-store";
        var (target, title) = (HtmlEncoder.Default.Encode(address), HtmlEncoder.Default.Encode(provider.Title));
        return TypedResults.Content(
            $"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8" /><meta name="color-scheme" content="light dark" /><title>{title} · Operone</title>
            <meta http-equiv="refresh" content="0;url={target}" /></head>
            <body><p><a href="{target}">Go on to {title}</a></p></body></html>
            """,
            "text/html; charset=utf-8");
    }
}
