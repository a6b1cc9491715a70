namespace Operone.Core;

/// <summary>One page of a list. Lists are paged by cursor: pass <see cref="NextCursor"/> back as <c>?cursor=</c>.</summary>
/// <typeparam name="T">What the list holds.</typeparam>
/// <param name="Items">The items of this page, at most as many as asked for.</param>
/// <param name="NextCursor">Opaque; null on the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);
