using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core.Errors;
using Operone.Web.Hosting;

namespace Operone.Web.Devices;

/// <summary>What a machine needs that has no agent yet: the scripts and the agents themselves. Nothing of it is secret.</summary>
internal static partial class InstallEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var install = app.MapGroup("").WithTags("Enrolment").AllowAnonymous();
        install.MapGet("/install.sh", (HttpRequest request, PublicAddress address) => Script("install.sh", "text/x-shellscript", request, address))
            .WithName("InstallScript").WithSummary("The script that installs an agent on Linux and macOS")
            .WithDescription("To be piped into sh, with --token.")
            .Produces<string>(contentType: "text/x-shellscript").ProducesProblem(StatusCodes.Status400BadRequest);
        install.MapGet("/install.ps1", (HttpRequest request, PublicAddress address) => Script("install.ps1", "text/plain", request, address))
            .WithName("InstallScriptWindows").WithSummary("The script that installs an agent on Windows")
            .WithDescription("For PowerShell, with -Token.")
            .Produces<string>(contentType: "text/plain").ProducesProblem(StatusCodes.Status400BadRequest);
        install.MapGet("/downloads/operone-{rid}", DownloadAsync).WithName("DownloadAgent").WithSummary("The agent for a kind of machine")
            .WithDescription("By .NET's runtime identifier, for example linux-x64. Takes Range. With .sha256 behind the name: its SHA-256, as sha256sum writes it.")
            .Produces<byte[]>(contentType: "application/octet-stream").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static Results<ContentHttpResult, ProblemHttpResult> Script(string name, string type, HttpRequest request, PublicAddress address)
    {
        // The address comes from the request's Host, and ends up in a script.
        var server = address.For(request);
        if (!PlainAddress().IsMatch(server))
        {
            return Error.InvalidField("Host", "is not an address that can stand in a script").ToProblem();
        }

        using var stream = typeof(InstallEndpoints).Assembly.GetManifestResourceStream("Operone.Web.Devices." + name)!;
        using var reader = new StreamReader(stream);
        return TypedResults.Text(reader.ReadToEnd().Replace("__SERVER__", server, StringComparison.Ordinal), type);
    }

    private static async Task<Results<PhysicalFileHttpResult, ContentHttpResult, ProblemHttpResult>> DownloadAsync(
        string rid, AgentDownloads downloads, CancellationToken cancellationToken)
    {
        const string HashSuffix = ".sha256";
        var isHash = rid.EndsWith(HashSuffix, StringComparison.Ordinal);
        rid = isHash ? rid[..^HashSuffix.Length] : rid;
        if (downloads.Find(rid) is not { } file)
        {
            var served = downloads.Served;
            return new Error(ErrorKind.NotFound, "agent-not-served", "This agent is not served.",
                $"There is no agent for '{rid}' here; there is {(served.Count == 0 ? "none" : string.Join(", ", served))}.").ToProblem();
        }

        return isHash
            ? TypedResults.Text($"{await downloads.HashAsync(file, cancellationToken)}  operone-{rid}\n", "text/plain")
            : TypedResults.PhysicalFile(file.FullName, "application/octet-stream", file.Name, file.LastWriteTimeUtc, enableRangeProcessing: true);
    }

    [GeneratedRegex(@"^https?://[A-Za-z0-9._:\[\]%/-]+$")]
    private static partial Regex PlainAddress();
}
