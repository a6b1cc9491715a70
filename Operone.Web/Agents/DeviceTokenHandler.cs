using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Operone.Core.Errors;
using Operone.Web.Access;

namespace Operone.Web.Agents;

/// <summary>Takes <c>Authorization: Bearer</c> and a device's JWT, at the agents' doors alone.</summary>
internal sealed class DeviceTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AgentTokens tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (ApiTokenHandler.ReadBearer(Request) is not { } text)
        {
            // Enrolment has no token yet; who needs one is told so.
            return Request.Headers.Authorization.Count == 0 && Context.GetEndpoint()?.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAllowAnonymous>() is not null
                ? AuthenticateResult.NoResult()
                : Refused(AgentErrors.TokenMissing);
        }

        var device = await tokens.CheckAsync(text, Context.RequestAborted);
        if (device.Error is { } error)
        {
            return Refused(error);
        }

        var identity = new ClaimsIdentity(Scheme.Name, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new(ClaimTypes.NameIdentifier, device.Value.Id.ToString("D")));
        identity.AddClaim(new(ClaimTypes.Name, $"device:{device.Value.Name}"));
        return AuthenticateResult.Success(new(new(identity), Scheme.Name));
    }

    private static AuthenticateResult Refused(Error error) => AuthenticateResult.Fail(new CredentialRefusedException(error));
}
