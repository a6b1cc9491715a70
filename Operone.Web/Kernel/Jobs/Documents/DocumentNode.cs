using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>A place in a text.</summary>
/// <param name="Line">Its line, from 1 on.</param>
/// <param name="Column">Its column, from 1 on.</param>
internal readonly record struct TextPlace(int Line, int Column);

/// <summary>A node of a document that was read, be it YAML or JSON, with where it stands.</summary>
internal abstract record DocumentNode(TextPlace At);

/// <summary>One value.</summary>
/// <param name="At">Where it stands.</param>
/// <param name="Text">As it is written, without quotes.</param>
/// <param name="IsPlain">Whether it is written without quotes, so that it may be a number, a truth value or nothing.</param>
internal sealed record ScalarNode(TextPlace At, string Text, bool IsPlain) : DocumentNode(At)
{
    /// <summary>Whether it stands for nothing (YAML 1.2.2, 10.3.2).</summary>
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A list.</summary>
internal sealed record ListNode(TextPlace At, IReadOnlyList<DocumentNode> Items) : DocumentNode(At);

/// <summary>Values by name, in order.</summary>
internal sealed record MapNode(TextPlace At, IReadOnlyList<(string Name, TextPlace At, DocumentNode Value)> Entries) : DocumentNode(At);

/// <summary>What keeps a text from being read: one problem, where it is.</summary>
internal sealed class DocumentException(string message, TextPlace? at) : Exception(message)
{
    public DocumentProblem ToProblem() => new("", Message, at?.Line, at?.Column);
}

/// <summary>How large a document may be. A text within these is read in proportion to its length, whatever it says.</summary>
internal static class DocumentLimits
{
    /// <summary>The deepest that nodes are in each other.</summary>
    public const int MaxDepth = 20;
    /// <summary>The most nodes.</summary>
    public const int MaxNodes = 20_000;
    /// <summary>The most problems that are told at once.</summary>
    public const int MaxProblems = 50;
}
