using System.Net.Http.Headers;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <content>Files: addresses that are bytes, and bodies of any size.</content>
internal sealed partial class OperoneApi
{
    // the bytes of a name are in its address: nobody may write them in another way
    private static readonly UriCreationOptions _exact = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Sends a request about a file. The answer's body is read as it comes; the caller disposes it.</summary>
    /// <param name="method">What to do.</param>
    /// <param name="path">What comes after <c>/api/v1</c>, with its query, as it is sent.</param>
    /// <param name="content">What to send, or null.</param>
    /// <param name="headers">Adds headers.</param>
    /// <param name="isLong">Whether the answer may take as long as it takes: it comes after a body of any size, or a file is read for it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Result<HttpResponseMessage>> SendFileAsync(
        HttpMethod method, string path, HttpContent? content, Action<HttpRequestHeaders>? headers, bool isLong, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(Url + "/api/v1" + path, _exact)) { Content = content };
        headers?.Invoke(request.Headers);
        return await OpenAsync(request, isLong ? Timeout.InfiniteTimeSpan : Patience, cancellationToken);
    }
}
