using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Files.Documents;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Fonts.Standard14Fonts;
using UglyToad.PdfPig.Writer;
using Xunit;

namespace Operone.Tests.Web.Files;

public sealed class PdfTextsTests : IDisposable
{
    private readonly PdfTexts _texts = new(TimeProvider.System, NullLogger<PdfTexts>.Instance);

    [Fact]
    public async Task Pdf_HasItsPagesText()
    {
        var read = await ReadAsync(Make("Hello from page one", "<script>alert(1)</script> needle"));
        Assert.Equal(2, read.Value.Count);
        Assert.True(read.Value.IsWhole);
        Assert.Contains("Hello from page one", read.Value.Pages[0], StringComparison.Ordinal);
        Assert.Contains("<script>alert(1)</script> needle", read.Value.Pages[1], StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> Hostile => new()
    {
        { "nothing", [] },
        { "no PDF", "#!/bin/sh\nexit 1\n"u8.ToArray() },
        { "a head alone", "%PDF-1.7\n"u8.ToArray() },
        { "noise", Noise(1_000_000) },
        { "cut", Make("Hello")[..400] },
        { "pages that are their own", Encoding.ASCII.GetBytes("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF") },
        { "nested without end", Encoding.ASCII.GetBytes("%PDF-1.4\n1 0 obj" + new string('[', 2_000_000) + "endobj\ntrailer<</Root 1 0 R>>\n%%EOF") },
        { "a billion pages", Encoding.ASCII.GetBytes("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 1000000000>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF") },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Pdf_Hostile_IsRefused_AndTheNodeLives(string name, byte[] bytes)
    {
        var read = await ReadAsync(bytes);
        Assert.True(read.IsError || read.Value.Pages.Count <= PdfProgram.MaxPages, name);
        Assert.True(!read.IsError || read.Error is { Code: "pdf-unreadable" }, $"{name}: {read.Error}");
        Assert.False((await ReadAsync(Make("After it"))).IsError);
    }

    [Fact]
    public async Task Pdf_ThatTakesTooLong_IsEnded()
    {
        using var hasty = new PdfTexts(TimeProvider.System, NullLogger<PdfTexts>.Instance) { Patience = TimeSpan.FromMilliseconds(1) };
        await using var reading = new BytesReading(Make("Hello"));
        var read = await hasty.ReadAsync("file.pdf", reading, TestContext.Current.CancellationToken);
        Assert.Equal("pdf-unreadable", read.Error?.Code);
        Assert.Contains("too long", read.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pdf_TooLarge_IsRefused()
    {
        await using var reading = new BytesReading(new byte[PdfProgram.MaxBytes + 1]);
        Assert.Equal("pdf-too-large", (await _texts.ReadAsync("file.pdf", reading, TestContext.Current.CancellationToken)).Error?.Code);
    }

    internal static byte[] Make(params string[] pages)
    {
        using var builder = new PdfDocumentBuilder();
        var font = builder.AddStandard14Font(Standard14Font.Helvetica);
        foreach (var text in pages)
        {
            builder.AddPage(PageSize.A4).AddText(text, 12, new PdfPoint(50, 700), font);
        }

        return builder.Build();
    }

    private static byte[] Noise(int count)
    {
        var bytes = new byte[count];
        new Random(7).NextBytes(bytes);
        "%PDF-1.7\n"u8.CopyTo(bytes);
        return bytes;
    }

    private async Task<Result<PdfText>> ReadAsync(byte[] bytes)
    {
        await using var reading = new BytesReading(bytes);
        return await _texts.ReadAsync("file.pdf", reading, TestContext.Current.CancellationToken);
    }

    public void Dispose() => _texts.Dispose();

    private sealed class BytesReading(byte[] bytes) : IFileReading
    {
        private int _at;

        public FileEntry Entry { get; } = new() { Segment = "file.pdf", Kind = FileKind.File, Size = bytes.Length };

        public ValueTask<Result<FilePiece>> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            var count = Math.Min(buffer.Length, bytes.Length - _at);
            bytes.AsMemory(_at, count).CopyTo(buffer);
            _at += count;
            return new(new FilePiece(count, 0));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
