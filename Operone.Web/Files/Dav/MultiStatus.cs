using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.WebUtilities;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Dav;

/// <summary>An answer of the status 207 (RFC 4918, section 13), sent as it grows.</summary>
internal sealed class MultiStatus : IDisposable
{
    private const int FullBytes = 32 * 1024;

    private readonly HttpContext _http;
    private readonly MemoryStream _buffer = new(FullBytes * 2);
    private readonly XmlWriter _writer;

    /// <summary>Begins one.</summary>
    public MultiStatus(HttpContext http)
    {
        _http = http;
        http.Response.StatusCode = StatusCodes.Status207MultiStatus;
        http.Response.ContentType = "application/xml; charset=utf-8";
        _writer = XmlWriter.Create(_buffer, new() { Encoding = new UTF8Encoding(false), CloseOutput = false });
        _writer.WriteStartDocument();
        _writer.WriteStartElement("D", "multistatus", DavXml.Dav.NamespaceName);
    }

    /// <summary>A place, and the properties that it has, and has not, by status.</summary>
    public ValueTask AddAsync(TreePath path, bool isFolder, IEnumerable<(int Status, IReadOnlyList<XElement> Properties)> stats, CancellationToken cancellationToken)
    {
        Begin(path, isFolder);
        foreach (var (status, properties) in stats)
        {
            Start("propstat");
            Start("prop");
            foreach (var property in properties)
            {
                property.WriteTo(_writer);
            }

            _writer.WriteEndElement();
            Text("status", Line(status));
            _writer.WriteEndElement();
        }

        _writer.WriteEndElement();
        return FlushAsync(isEnd: false, cancellationToken);
    }

    /// <summary>A place, and what became of it.</summary>
    public ValueTask AddAsync(TreePath path, bool isFolder, Error error, CancellationToken cancellationToken)
    {
        Begin(path, isFolder);
        Text("status", Line(DavAnswers.StatusOf(error)));
        Text("responsedescription", DavXml.Clean(error.Detail));
        _writer.WriteEndElement();
        return FlushAsync(isEnd: false, cancellationToken);
    }

    /// <summary>Ends it.</summary>
    public ValueTask EndAsync(CancellationToken cancellationToken)
    {
        _writer.WriteEndElement();
        _writer.WriteEndDocument();
        return FlushAsync(isEnd: true, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _buffer.Dispose();
    }

    private static string Line(int status) => string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} {ReasonPhrases.GetReasonPhrase(status)}");

    private void Begin(TreePath path, bool isFolder)
    {
        Start("response");
        Text("href", DavAnswers.HrefOf(_http.Request, path, isFolder));
    }

    private void Start(string name) => _writer.WriteStartElement("D", name, DavXml.Dav.NamespaceName);

    private void Text(string name, string text) => _writer.WriteElementString("D", name, DavXml.Dav.NamespaceName, text);

    private async ValueTask FlushAsync(bool isEnd, CancellationToken cancellationToken)
    {
        if (isEnd || _buffer.Length > FullBytes)
        {
            _writer.Flush();
            if (!_http.Response.HasStarted)
            {
                _http.SendAsItComes();
            }

            await _http.Response.Body.WriteAsync(_buffer.GetBuffer().AsMemory(0, (int)_buffer.Length), cancellationToken);
            _buffer.SetLength(0);
        }
    }
}
