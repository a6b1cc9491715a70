using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.Extensions.Primitives;
using Operone.Core.Errors;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// What is answered to who may not: a problem to programs, the sign-in page to people. Each denial is noted in the audit
/// trail; those of one sort from one address once a minute.
/// </summary>
internal sealed partial class AccessResultHandler(IAuditTrail audit, NoteThrottle throttle, ILogger<AccessResultHandler> logger)
    : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _otherwise = new();

    public async Task HandleAsync(
        RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            await next(context);
            return;
        }

        var actor = Actor.From(context);
        var error = authorizeResult.Forbidden ? Lacking(context, actor) : await RefusalAsync(context);
        await NoteAsync(context, actor, error);
        if (!AccessSchemes.IsForPrograms(context.Request.Path))
        {
            await _otherwise.HandleAsync(next, context, policy, authorizeResult);
            return;
        }

        if (!authorizeResult.Forbidden)
        {
            var bearer = error.Code == AccessErrors.NoCredential.Code ? "Bearer" : $"Bearer error=\"invalid_token\", error_description=\"{error.Title}\"";

            // the first one is what drives look at; where a password would go in the clear nobody is asked for one
            context.Response.Headers.WWWAuthenticate = AccessSchemes.IsForDrives(context.Request.Path) && ApiTokenHandler.MayBringPassword(context)
                ? new StringValues(["Basic realm=\"Operone\", charset=\"UTF-8\"", bearer])
                : bearer;
        }

        await error.ToProblem().ExecuteAsync(context);
    }

    // Asked again, the request's handler gives the result that it has.
    private static async Task<Error> RefusalAsync(HttpContext context) =>
        (await context.AuthenticateAsync()).Failure is CredentialRefusedException refused
            ? refused.Error
            : AccessSchemes.IsForDrives(context.Request.Path) ? AccessErrors.NoDriveCredential
            : SessionCookie.ErrorOf(context) ?? AccessErrors.NoCredential;

    private static Error Lacking(HttpContext context, Actor actor)
    {
        var required = context.GetEndpoint()?.Metadata.GetOrderedMetadata<RequiredPermission>() ?? [];
        return required.Select(r => actor.Lacks(r.Permission)).FirstOrDefault(e => e is not null) ?? new Error(ErrorKind.Forbidden, "not-allowed", "Not allowed.", $"{actor.Name} may not do this.");
    }

    private async Task NoteAsync(HttpContext context, Actor actor, Error error)
    {
        // Somebody who has not signed in yet and opens a page is no denial worth a note. A drive always asks without a password first.
        if (error == AccessErrors.NoDriveCredential || (error == AccessErrors.NoCredential && !AccessSchemes.IsForPrograms(context.Request.Path)))
        {
            return;
        }

        if (throttle.Passes($"{actor.RemoteAddress} {actor.Name} {error.Code}", out var heldBack))
        {
            var detail = heldBack > 0 ? $"{error.Detail} ({heldBack} more like it since the last note)" : error.Detail;
            Log.Refused(logger, actor.Name, actor.RemoteAddress, error.Code, detail);
            await audit.NoteAsync(
                actor, "access.use", $"{context.Request.Method} {context.Request.Path}", allowed: false, detail, context.RequestAborted);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Refused {Actor} from {Address}: {Code}: {Detail}")]
        public static partial void Refused(ILogger logger, string actor, string? address, string code, string detail);
    }
}
