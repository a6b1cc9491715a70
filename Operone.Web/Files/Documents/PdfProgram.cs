using System.Globalization;
using System.Text;
using UglyToad.PdfPig;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.DocumentLayoutAnalysis.TextExtractor;
using UglyToad.PdfPig.Exceptions;

namespace Operone.Web.Files.Documents;

/// <summary>
/// <c>operone-web read-pdf</c>: a process of its own, which reads a PDF from its input and writes the text of its pages. A PDF is a program that somebody
/// else has written: what it makes of this process, without end, memory or a stack, is nothing to the node, which ends it.
/// </summary>
internal static class PdfProgram
{
    /// <summary>The word that calls it.</summary>
    public const string Verb = "read-pdf";

    /// <summary>The most bytes of a PDF.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>The most pages that are read.</summary>
    public const int MaxPages = 2000;

    /// <summary>The most text of all of them, in characters.</summary>
    public const int MaxText = 4 * 1024 * 1024;

    /// <summary>What it ends with where the PDF wants a password.</summary>
    public const int Locked = 3;

    /// <summary>What it ends with where it is no PDF, or one that cannot be read.</summary>
    public const int Unreadable = 4;

    /// <summary>Reads one: first how many pages it has and a line's end, then the pages' texts, a form feed after each.</summary>
    public static int Run(Stream input, Stream output)
    {
        try
        {
            using var bytes = new MemoryStream();
            input.CopyTo(bytes);
            using var writer = new StreamWriter(output, new UTF8Encoding(false));
            using var document = PdfDocument.Open(bytes.ToArray(), new ParsingOptions { UseLenientParsing = true, SkipMissingFonts = true });
            writer.Write(document.NumberOfPages.ToString(CultureInfo.InvariantCulture) + "\n");
            writer.Flush();
            var left = MaxText;
            for (var number = 1; number <= Math.Min(document.NumberOfPages, MaxPages) && left > 0; number++)
            {
                var text = Read(document, number);
                text = text.Length > left ? text[..left] : text;
                left -= text.Length;
                writer.Write(text);
                writer.Write('\f');
                writer.Flush(); // what was read stays where the rest of it takes too long
            }

            return 0;
        }
        catch (PdfDocumentEncryptedException)
        {
            return Locked;
        }
#pragma warning disable CA1031 // whatever a PDF makes of its reader: it could not be read
        catch (Exception)
#pragma warning restore CA1031
        {
            return Unreadable;
        }
    }

    private static string Read(PdfDocument document, int number)
    {
        try
        {
            Page page = document.GetPage(number);
            return ContentOrderTextExtractor.GetText(page, addDoubleNewline: false).Replace('\f', '\n').ReplaceLineEndings("\n");
        }
#pragma warning disable CA1031 // one page that cannot be read does not take the others along
        catch (Exception problem) when (problem is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            return "";
        }
    }
}
