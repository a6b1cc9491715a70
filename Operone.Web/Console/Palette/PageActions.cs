namespace Operone.Web.Console.Palette;

/// <summary>Something that the page can do, as the palette shows it: an address, or an act.</summary>
internal sealed record PageAction(string Title, string Icon, string? Href = null, Func<Task>? Act = null);

/// <summary>What the open page can do. The page says it; the palette shows it.</summary>
internal sealed class PageActions
{
    private object? _owner;

    /// <summary>The actions of the open page.</summary>
    public IReadOnlyList<PageAction> Actions { get; private set; } = [];

    /// <summary>From now on the page has these; they take the place of what it had.</summary>
    public void Offer(object owner, params IReadOnlyList<PageAction> actions) => (_owner, Actions) = (owner, actions);

    /// <summary>The page was left.</summary>
    public void Withdraw(object owner)
    {
        if (ReferenceEquals(_owner, owner))
        {
            (_owner, Actions) = (null, []);
        }
    }
}
