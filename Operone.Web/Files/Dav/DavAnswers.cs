using System.Xml.Linq;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Dav;

/// <summary>Why a drive's request is not done: a status as RFC 4918 has it, the error in words, and the condition in XML where there is one.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Error">What happened.</param>
/// <param name="Condition">The element of RFC 4918, section 16, that names the condition.</param>
/// <param name="Places">What it is about.</param>
internal sealed record DavRefusal(int Status, Error Error, string? Condition = null, IReadOnlyList<TreePath>? Places = null);

/// <summary>Answers to a drive.</summary>
internal static class DavAnswers
{
    /// <summary>The beginning of the drive's addresses.</summary>
    public const string Prefix = "/dav";

    /// <summary>Where a place is on the drive, as an address without a host.</summary>
    public static string HrefOf(HttpRequest request, TreePath path, bool isFolder)
    {
        var address = path.ToAddress();
        return $"{request.PathBase.ToUriComponent()}{Prefix}{address}{(isFolder && !path.IsTop ? "/" : "")}";
    }

    /// <summary>The status of an error for a drive.</summary>
    public static int StatusOf(Error error) => error.Code switch
    {
        "file-locked" => StatusCodes.Status423Locked,
        "no-space" or "file-locks-full" => StatusCodes.Status507InsufficientStorage,
        "file-changed" => StatusCodes.Status412PreconditionFailed,
        "file-unsupported" or "file-failed" => StatusCodes.Status403Forbidden,
        "device-offline" => StatusCodes.Status503ServiceUnavailable,
        "other-server" => StatusCodes.Status502BadGateway,
        _ => Problems.StatusOf(error.Kind),
    };

    /// <summary>The refusal of an error.</summary>
    public static DavRefusal Refuse(this Error error) => new(StatusOf(error), error);

    /// <summary>The refusal of an error with another status.</summary>
    public static DavRefusal Refuse(this Error error, int status) => new(status, error);

    /// <summary>A refusal as an answer: in XML where a drive may read it, else as a problem.</summary>
    public static IResult ToResult(this DavRefusal refusal, HttpRequest request)
    {
        if (refusal.Condition is null)
        {
            var details = Problems.Details(refusal.Error);
            details.Status = refusal.Status;
            return TypedResults.Problem(details);
        }

        var condition = new XElement(
            DavXml.Dav + refusal.Condition, (refusal.Places ?? []).Select(p => new XElement(DavXml.Dav + "href", HrefOf(request, p, isFolder: false))));
        var error = new XElement(
            DavXml.Dav + "error", new XAttribute(XNamespace.Xmlns + "D", DavXml.Dav.NamespaceName), condition,
            new XElement(DavXml.Dav + "responsedescription", DavXml.Clean(refusal.Error.Detail)));
        return Xml(error, refusal.Status);
    }

    /// <summary>An element as an answer.</summary>
    public static IResult Xml(XElement element, int status) =>
        Results.Text($"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{DavXml.ToText(element)}", "application/xml; charset=utf-8", statusCode: status);
}
