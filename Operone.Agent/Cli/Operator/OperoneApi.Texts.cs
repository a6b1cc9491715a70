using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <content>Texts that are passed on as they are.</content>
internal sealed partial class OperoneApi
{
    /// <summary>Posts a text.</summary>
    public async Task<Result<TAnswer>> PostTextAsync<TAnswer>(string path, byte[] text, string mediaType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new ByteArrayContent(text);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Read(answer.Value, answerType);
    }

    /// <summary>Gets a text.</summary>
    public async Task<Result<string>> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Encoding.UTF8.GetString(answer.Value);
    }
}
