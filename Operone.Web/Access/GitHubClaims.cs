using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;

namespace Operone.Web.Access;

/// <summary>Reads who somebody is at GitHub: its profile has an e-mail that anybody may see, which says nothing; the verified one is asked for.</summary>
internal static class GitHubClaims
{
    public static async Task ReadAsync(OAuthCreatingTicketContext context, string api)
    {
        using var user = await GetAsync(context, $"{api}/user");
        var identity = context.Identity!;
        identity.AddClaim(new(ClaimTypes.NameIdentifier, user.RootElement.GetProperty("id").GetRawText()));
        var name = user.RootElement.TryGetProperty("name", out var given) ? given.GetString() : null;
        identity.AddClaim(new(ClaimTypes.Name, name ?? user.RootElement.GetProperty("login").GetString() ?? ""));

        using var emails = await GetAsync(context, $"{api}/user/emails");
        foreach (var email in emails.RootElement.EnumerateArray())
        {
            if (email.GetProperty("primary").GetBoolean() && email.GetProperty("email").GetString() is { } address)
            {
                identity.AddClaim(new(ClaimTypes.Email, address));
                identity.AddClaim(new(ExternalRegistration.EmailVerified, email.GetProperty("verified").GetBoolean() ? "true" : "false"));
            }
        }
    }

    private static async Task<JsonDocument> GetAsync(OAuthCreatingTicketContext context, string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.ParseAdd("application/vnd.github+json");
        request.Headers.UserAgent.ParseAdd("Operone");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", context.AccessToken);
        using var response = await context.Backchannel.SendAsync(request, context.HttpContext.RequestAborted);
        if (!response.IsSuccessStatusCode)
        {
            throw new AuthenticationFailureException($"{address} answered {(int)response.StatusCode}.");
        }

        await using var body = await response.Content.ReadAsStreamAsync(context.HttpContext.RequestAborted);
        return await JsonDocument.ParseAsync(body, default, context.HttpContext.RequestAborted);
    }
}
