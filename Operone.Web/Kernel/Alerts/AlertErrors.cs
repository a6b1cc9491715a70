using Operone.Core.Errors;
using Operone.Core.Kernel.Alerts;

namespace Operone.Web.Kernel.Alerts;

/// <summary>What can go wrong with alerts, as expected.</summary>
internal static class AlertErrors
{
    public static Error NotFound(Guid id) => new(ErrorKind.NotFound, "alert-not-found", "There is no such alert.",
        $"There is no alert {id}. Those that are over are kept for thirty days.");

    public static Error RuleNotFound(string idOrName) => new(ErrorKind.NotFound, "alert-rule-not-found", "There is no such alert rule.",
        $"No alert rule has the id or name '{idOrName}'. `operone alerts rules list` lists them.");

    public static Error SilenceNotFound(Guid id) => new(ErrorKind.NotFound, "silence-not-found", "There is no such silence.",
        $"There is no silence {id}. Those that are over are kept for thirty days.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "name-taken", "The name is taken.",
        $"Another alert rule is called '{name}'. Names are unique without regard to case.")
    {
        Fields = new Dictionary<string, string[]> { ["name"] = [$"'{name}' is taken"] },
    };

    public static Error TooMany { get; } = new(ErrorKind.Conflict, "too-many-alert-rules", "There are too many alert rules.",
        $"There are {AlertRules.Most} already. Remove one that nobody needs any more.");

    public static Error TooManySilences { get; } = new(ErrorKind.Conflict, "too-many-silences", "There are too many silences.",
        $"{AlertRules.MostSilences} hold already, or will. End one that nobody needs any more.");

    public static Error Over(Guid id) => new(ErrorKind.Conflict, "alert-over", "The alert is over.", $"The alert {id} has recovered: there is nothing to acknowledge.");

    public static Error SilenceOver(Guid id) => new(ErrorKind.Conflict, "silence-over", "The silence is over.", $"The silence {id} has ended already.");

    public static Error Changed(string what) => new(ErrorKind.Conflict, "changed-meanwhile", "It was changed meanwhile.", $"{what} was changed or removed by somebody else a moment ago. Look at it again.");

    public static Error NotManageable(string actor, string what) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'alerts.manage' on {what}. Ask an administrator.");
}
