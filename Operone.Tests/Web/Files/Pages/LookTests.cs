using System.Text;
using Operone.Web.Files.Pages.Look;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

public sealed class LookTests
{
    public static TheoryData<string, byte[]> Texts => new()
    {
        { "UTF-8", Encoding.UTF8.GetBytes("Röntgen 🩻\n") },
        { "UTF-8", [] },
        { "UTF-8 with a mark", [0xEF, 0xBB, 0xBF, .. "Röntgen"u8] },
        { "UTF-16 LE", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("Röntgen 🩻\r\n")] },
        { "UTF-16 BE", [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes("Röntgen")] },
        { "Latin-1", Encoding.Latin1.GetBytes("Röntgen, naïve café\n") },
        { "UTF-32 LE", [0xFF, 0xFE, 0, 0, .. Encoding.UTF32.GetBytes("Röntgen 🩻\n")] },
        { "UTF-32 LE", Encoding.UTF32.GetBytes("Rontgen and more of it\n") },
        { "UTF-16 LE", Encoding.Unicode.GetBytes("no mark, but every other byte\r\n") },
        { "UTF-16 BE", Encoding.BigEndianUnicode.GetBytes("no mark, but every other byte\r\n") },
        { "Windows-1252", Of("windows-1252", "It’s “quoted”: naïve café €5\n") },
        { "Cyrillic (Windows-1251)", Of("windows-1251", "Привет, как дела? Сегодня хорошая погода.\n") },
        { "Cyrillic (Windows-1251)", Of("windows-1251", "Имя=Иван\n") },
        { "Cyrillic (KOI8-R)", Of("koi8-r", "Привет, как дела? Сегодня хорошая погода.\n") },
        { "Cyrillic (DOS 866)", Of("cp866", "Привет, мир\n") },
        { "Japanese (Shift-JIS)", Of("shift_jis", "こんにちは、世界。今日はいい天気ですね。\n") },
        { "Japanese (EUC-JP)", Of("euc-jp", "こんにちは、世界。\n") },
        { "Japanese (ISO 2022-JP)", Of("iso-2022-jp", "こんにちは\n") },
        { "Chinese (GB18030)", Of("gb18030", "你好，世界。今天天气很好。\n") },
        { "Chinese (Big5)", Of("big5", "你好，世界。今天天氣很好。\n") },
        { "Korean (EUC-KR)", Of("euc-kr", "안녕하세요, 세계. 오늘은 날씨가 좋습니다.\n") },
    };

    private static byte[] Of(string encoding, string text) => CodePagesEncodingProvider.Instance.GetEncoding(encoding)!.GetBytes(text);

    [Theory]
    [MemberData(nameof(Texts))]
    public void Text_OfAnEncoding_IsReadAndWrittenBackAsItWas(string name, byte[] bytes)
    {
        var kind = TextKind.Detect(bytes);
        Assert.Equal(name, kind?.Name);
        Assert.Equal(bytes, kind!.Write(kind.Read(bytes, 0)));
    }

    [Fact]
    public void Encoding_ChosenByHand_IsReadAndWrittenSo()
    {
        foreach (var kind in TextKind.All)
        {
            var bytes = kind.Encoding.GetBytes("host = plain\n");
            var named = TextKind.Named(kind.Key, bytes);
            Assert.Equal(kind, named);
            Assert.Equal(bytes, named!.Write(named.Read(bytes, 0)));
        }

        Assert.Equal("UTF-8 with a mark", TextKind.Named("utf-8", [0xEF, 0xBB, 0xBF, .. "x"u8])?.Name);
        Assert.Null(TextKind.Named("no-such", []));
        Assert.Null(TextKind.Named(null, []));
        Assert.Equal(TextKind.All.Count, TextKind.All.Select(k => k.Key).Distinct().Count());
    }

    [Fact]
    public void Character_ThatAnEncodingDoesNotHave_IsNamed()
    {
        Assert.Equal("🩻", TextKind.Named("windows-1251", [])!.Foreign("Привет 🩻"));
        Assert.Equal("é", TextKind.Named("windows-1251", [])!.Foreign("Привет é"));
        Assert.Null(TextKind.Named("windows-1251", [])!.Foreign("Привет"));
        Assert.Null(TextKind.All[0].Foreign("🩻"));
    }

    [Fact]
    public void Text_ThatIsAsciiAtFirst_IsReadAsItGoesOn()
    {
        var head = Encoding.ASCII.GetBytes(new string('a', 4096));
        var kind = TextKind.Detect(head)!;
        Assert.Equal("UTF-8", kind.Confirm(head, Encoding.UTF8.GetBytes("Röntgen"), 8192).Name);
        Assert.Equal("Latin-1", kind.Confirm(head, Encoding.Latin1.GetBytes("Röntgen, naïve café"), 8192).Name);
        Assert.Equal("Japanese (Shift-JIS)", kind.Confirm(head, Of("shift_jis", "こんにちは、世界。今日は"), 0).Name);
    }

    [Fact]
    public void Window_ThatCutsACharacterOfTwoBytes_LeavesItOut()
    {
        var bytes = Of("shift_jis", "こん");
        Assert.Equal("こ", TextKind.Named("shift_jis", [])!.Read(bytes.AsSpan(0, 3), 0));
        Assert.Equal("A", TextKind.Named("utf-32", [])!.Read([0x41, 0, 0, 0, 0x42, 0], 4));
    }

    [Fact]
    public void Bytes_OfAProgram_AreNoText()
    {
        Assert.Null(TextKind.Detect([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0]));
        Assert.Null(TextKind.Detect([.. Enumerable.Range(1, 255).Select(i => (byte)i)]));
    }

    [Fact]
    public void Window_ThatCutsACharacter_LeavesItOut()
    {
        var bytes = Encoding.UTF8.GetBytes("a🩻b");
        var kind = TextKind.Detect(bytes)!;
        Assert.Equal("a", kind.Read(bytes.AsSpan(0, 3), 0));
        Assert.Equal("b", kind.Read(bytes.AsSpan(3), 3));
        Assert.Equal("UTF-8", TextKind.Detect(bytes.AsSpan(0, 4))?.Name);
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0, 100, 0, 100)]
    [InlineData(-5, 1_000_000, 0, 262144)]
    [InlineData(300_000, 1_000_000, 262144, 262144)]
    [InlineData(999_999, 1_000_000, 786432, 213568)]
    [InlineData(5_000_000_000_000, 4_294_967_296, 4_294_705_152, 262144)]
    public void Window_AtAnOffset_LiesInTheFile(long offset, long size, long from, int length)
    {
        var window = FileWindow.At(offset, size);
        Assert.Equal((from, length), (window.Offset, window.Length));
        Assert.Equal(from == 0, window.IsFirst);
    }

    [Fact]
    public void Windows_OneAfterTheOther_AreTheWholeFile()
    {
        const long Size = 1_000_003;
        var (at, seen) = (FileWindow.At(0, Size), 0L);
        while (true)
        {
            Assert.Equal(seen, at.Offset);
            seen += at.Length;
            if (at.IsLast)
            {
                break;
            }

            Assert.Equal(at, at.Next.Previous);
            at = at.Next;
        }

        Assert.Equal(Size, seen);
        var end = FileWindow.End(Size);
        Assert.True(end.IsLast);
        Assert.InRange(end.Length, FileWindow.MaxBytes - 16, FileWindow.MaxBytes);
        Assert.Equal(new(0, 3, 3), FileWindow.End(3));
    }

    [Fact]
    public void Hex_OfBytes_IsAsHexdumpWritesIt() => Assert.Equal(
        "00000010  41 62 00 ff 20 7e 7f 0a  01 02 03 04 05 06 07 08  |Ab.. ~..........|\n00000020  5a                                                |Z|\n",
        HexText.Write([0x41, 0x62, 0, 0xFF, 0x20, 0x7E, 0x7F, 0x0A, 1, 2, 3, 4, 5, 6, 7, 8, 0x5A], 0x10));
}
