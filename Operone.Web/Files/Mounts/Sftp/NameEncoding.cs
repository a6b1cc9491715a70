using System.Text;
using Operone.Core.Files;

namespace Operone.Web.Files.Mounts.Sftp;

/// <summary>Names as <see cref="FileName"/> has them: bytes that are not UTF-8 come back as they were.</summary>
internal sealed class NameEncoding : Encoding
{
    public override int GetByteCount(char[] chars, int index, int count) => FileName.ToBytes(new string(chars, index, count)).Length;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex)
    {
        var encoded = FileName.ToBytes(new string(chars, charIndex, charCount));
        encoded.CopyTo(bytes, byteIndex);
        return encoded.Length;
    }

    public override int GetCharCount(byte[] bytes, int index, int count) => FileName.FromBytes(bytes.AsSpan(index, count)).Length;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var text = FileName.FromBytes(bytes.AsSpan(byteIndex, byteCount));
        text.CopyTo(0, chars, charIndex, text.Length);
        return text.Length;
    }

    public override int GetMaxByteCount(int charCount) => (charCount + 1) * 3;

    public override int GetMaxCharCount(int byteCount) => byteCount + 1;
}
