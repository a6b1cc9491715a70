using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Operone.Web.Hosting;

/// <summary>An answer of lines of JSON (<c>application/x-ndjson</c>), sent as they come.</summary>
internal static class JsonLines
{
    /// <summary>Says what comes, where nothing has been sent yet.</summary>
    public static void Begin(HttpContext http)
    {
        if (!http.Response.HasStarted)
        {
            http.Response.ContentType = "application/x-ndjson";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            http.Response.Headers.CacheControl = "no-store";
        }
    }

    /// <summary>Writes a line.</summary>
    public static void Write<T>(IBufferWriter<byte> to, T line, JsonTypeInfo<T> type)
    {
        to.Write(JsonSerializer.SerializeToUtf8Bytes(line, type));
        to.Write("\n"u8);
    }
}
