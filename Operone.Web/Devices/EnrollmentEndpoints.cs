using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Devices;

/// <summary>The doors of enrolment in the REST API: for operators who make tokens, and for agents who use them.</summary>
internal static class EnrollmentEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var tokens = app.MapGroup("/api/v1/enrollment-tokens").WithTags("Enrolment").RequirePermission(Permissions.DevicesManage).ProducesAccessProblems();
        tokens.MapPost("/", CreateAsync).WithName("CreateEnrollmentToken").WithSummary("Make an enrolment token")
            .WithDescription("The token's text and the lines to paste on a device are in the answer, and are never shown again.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        tokens.MapGet("/", ListAsync).WithName("ListEnrollmentTokens").WithSummary("List enrolment tokens")
            .WithDescription("Newest first, with the uses that are left, without their texts.").ProducesProblem(StatusCodes.Status400BadRequest);
        tokens.MapDelete("/{id:guid}", RevokeAsync).WithName("RevokeEnrollmentToken").WithSummary("Revoke an enrolment token")
            .WithDescription("Nobody enrols with it any more. Devices that have enrolled are not touched.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        var agents = app.MapGroup("/api/v1/agents").WithTags("Agents");
        agents.MapPost("/enroll", EnrollAsync).AllowAnonymous().RequireRateLimiting(RateLimits.Enrollment)
            .WithName("EnrollAgent").WithSummary("Enrol a device")
            .WithDescription("For agents. The enrolment token in the body is the only credential. The same key with the same token gives the same device again.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

        var me = agents.MapGroup("/me").RequireAuthorization(AccessSchemes.Device).ProducesAccessProblems();
        me.MapGet("/", GetMeAsync).WithName("GetMe").WithSummary("Look at oneself, as a device")
            .WithDescription("For agents. With a token that the device signed. The refusal says why, where a refused WebSocket cannot.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        me.MapDelete("/", LeaveAsync).WithName("Leave").WithSummary("Take one's leave, as a device")
            .WithDescription("For agents. With a token that the device signed. The device is removed.")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Created<EnrollmentTokenView>, ProblemHttpResult>> CreateAsync(
        Actor actor, CreateEnrollmentToken request, EnrollmentTokenService tokens, PublicAddress address, HttpRequest http,
        CancellationToken cancellationToken)
    {
        var made = await tokens.CreateAsync(actor, request, address.For(http), cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/enrollment-tokens/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<Page<EnrollmentTokenView>>, ProblemHttpResult>> ListAsync(
        Actor actor, EnrollmentTokenService tokens, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await tokens.ListAsync(actor, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(
        Actor actor, Guid id, EnrollmentTokenService tokens, CancellationToken cancellationToken) =>
        (await tokens.RevokeAsync(actor, id, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<EnrollReply>, ProblemHttpResult>> EnrollAsync(
        EnrollRequest request, EnrollmentService enrollment, AccountLimits limits, HttpContext context, CancellationToken cancellationToken) =>
        limits.TryTake(AccountLimits.Enrollment, request.Token is { Length: > 20 } token ? token[..20] : request.Token ?? "", out var wait)
            ? (await enrollment.EnrollAsync(request, context.Connection.RemoteIpAddress?.ToString(), cancellationToken)).ToOk()
            : Core.Errors.Error.TooMany(wait).ToProblem();

    private static Results<Ok<EnrollReply>, ProblemHttpResult> GetMeAsync(Actor device, DeviceDirectory directory, DeviceKeys keys) =>
        directory.Find(device.Id!.Value) is { } found
            ? TypedResults.Ok(new EnrollReply(found.Id, found.Name, keys.Audience))
            : DeviceErrors.NotFound(device.Id!.Value.ToString()).ToProblem();

    private static async Task<Results<NoContent, ProblemHttpResult>> LeaveAsync(
        Actor device, DeviceService devices, CancellationToken cancellationToken) =>
        (await devices.LeaveAsync(device, device.Id!.Value, cancellationToken)).ToNoContent();
}
