using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <content>Bodies of any size.</content>
internal sealed partial class OperoneApi
{
    /// <summary>Sends a body as it comes; takes as long as it takes.</summary>
    public async Task<Result<StdinView>> PutStreamAsync(string path, HttpContent content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = content };
        request.Headers.TransferEncodingChunked = true;
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return response.IsSuccessStatusCode ? Read(body, OperoneJson.Default.StdinView) : ToError(response, body);
        }
        catch (Exception e) when (Explain(e, cancellationToken) is not null)
        {
            return Explain(e, cancellationToken)!;
        }
    }
}
