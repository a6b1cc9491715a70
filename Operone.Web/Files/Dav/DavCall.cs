using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files.Dav;

/// <summary>A drive's request: who, where, and what its headers say.</summary>
internal sealed record DavCall(HttpContext Http, Actor Actor, TreePath Path)
{
    /// <summary>Of <see cref="Depth"/>: all there is.</summary>
    public const int Infinity = int.MaxValue;

    public HttpRequest Request => Http.Request;

    public CancellationToken Cancelled => Http.RequestAborted;

    /// <summary>Whether it has a body.</summary>
    public bool HasBody => Request.ContentLength > 0 || (Request.ContentLength is null && Http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true);

    /// <summary>How deep it goes: 0, 1, or <see cref="Infinity"/>; null where the header is wrong.</summary>
    public int? Depth => Request.Headers["Depth"].ToString().Trim().ToUpperInvariant() switch
    {
        "" or "INFINITY" => Infinity,
        "0" => 0,
        "1" => 1,
        _ => null,
    };

    /// <summary>Whether what is there is replaced; null where the header is wrong.</summary>
    public bool? Overwrite => Request.Headers["Overwrite"].ToString().Trim().ToUpperInvariant() switch
    {
        "" or "T" => true,
        "F" => false,
        _ => null,
    };

    /// <summary>The first time in <c>Timeout</c> that can be had, in seconds.</summary>
    public int Seconds
    {
        get
        {
            foreach (var wish in Request.Headers["Timeout"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (wish.Equals("Infinite", StringComparison.OrdinalIgnoreCase))
                {
                    return DavLocks.MaxSeconds;
                }

                if (wish.StartsWith("Second-", StringComparison.OrdinalIgnoreCase)
                    && ulong.TryParse(wish.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > 0)
                {
                    return (int)Math.Min(seconds, DavLocks.MaxSeconds);
                }
            }

            return DavLocks.DefaultSeconds;
        }
    }

    /// <summary>The header <c>If</c>; null where there is none.</summary>
    public Result<IfHeader?> If()
    {
        var text = Request.Headers["If"].ToString();
        return text.Length == 0 ? (IfHeader?)null
            : IfHeader.Parse(text) ?? (Result<IfHeader?>)DavErrors.Malformed("Its If header is none (RFC 4918, section 10.4).");
    }

    /// <summary>The place in the tree that an address on this drive is; other servers' are refused.</summary>
    public Result<TreePath> Place(string address, string? publicUrl)
    {
        var path = address.Trim();
        if (!path.StartsWith('/'))
        {
            var scheme = path.IndexOf("://", StringComparison.Ordinal);
            var slash = scheme < 0 ? -1 : path.IndexOf('/', scheme + 3);
            if (slash < 0 || !IsHere(path[(scheme + 3)..slash], path[..scheme], publicUrl))
            {
                return DavErrors.Elsewhere(address);
            }

            path = path[slash..];
        }

        var prefix = Request.PathBase.ToUriComponent() + DavAnswers.Prefix;
        path = path.Split('?', '#')[0];
        return !path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) || (path.Length > prefix.Length && path[prefix.Length] != '/')
            ? DavErrors.Elsewhere(address)
            : TreePath.Parse(path[prefix.Length..]);
    }

    // A proxy in front may speak https where this server speaks http: the scheme says nothing.
    private bool IsHere(string authority, string scheme, string? publicUrl)
    {
        if (scheme.ToUpperInvariant() is not ("HTTP" or "HTTPS"))
        {
            return false;
        }

        var port = scheme.Equals("https", StringComparison.OrdinalIgnoreCase) ? 443 : 80;
        var asked = HostString.FromUriComponent(authority);
        return Is(Request.Host) || (Uri.TryCreate(publicUrl, UriKind.Absolute, out var known) && Is(HostString.FromUriComponent(known.Authority)));

        bool Is(HostString host) => string.Equals(asked.Host, host.Host, StringComparison.OrdinalIgnoreCase)
            && (asked.Port ?? port) == (host.Port ?? (asked.Port is null ? port : Request.IsHttps ? 443 : 80));
    }
}
