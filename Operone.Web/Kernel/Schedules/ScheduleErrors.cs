using Operone.Core.Errors;

namespace Operone.Web.Kernel.Schedules;

/// <summary>What can go wrong with schedules, as expected.</summary>
internal static class ScheduleErrors
{
    public static Error NotFound(string idOrName) => new(ErrorKind.NotFound, "schedule-not-found", "There is no such schedule.",
        $"No schedule has the id or name '{idOrName}'. `operone schedule list` lists them.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "schedule-name-taken", "The name is taken.",
        $"Another schedule is called '{name}'. Names are unique without regard to case.")
    {
        Fields = new Dictionary<string, string[]> { ["name"] = [$"'{name}' is taken"] },
    };

    public static Error Changed(string name) => new(ErrorKind.Conflict, "schedule-changed", "Somebody else changed the schedule.",
        $"The schedule '{name}' was changed or removed at the same time. Look at it, and write yours again.");

    public static Error JobGone(string schedule) => new(ErrorKind.NotFound, "job-not-found", "There is no such job.",
        $"The job of the schedule '{schedule}' is not there any more. Give it another one, or remove it.");

    public static Error OwnersAlone(string name, string owner) => new(ErrorKind.Forbidden, "schedule-owners-alone", "Not allowed.",
        $"The job of the schedule '{name}' waits for somebody's yes, and the schedule is {owner}'s: whoever asks for a run must be known as that. Run the job itself instead.");

    public static Error WindowNotFound(string idOrName) => new(ErrorKind.NotFound, "maintenance-window-not-found", "There is no such maintenance window.",
        $"No maintenance window has the id or name '{idOrName}'. `operone windows list` lists them.");

    public static Error WindowNameTaken(string name) => new(ErrorKind.Conflict, "maintenance-window-name-taken", "The name is taken.",
        $"Another maintenance window is called '{name}'. Names are unique without regard to case.")
    {
        Fields = new Dictionary<string, string[]> { ["name"] = [$"'{name}' is taken"] },
    };

    public static Error TooManyWindows(int most) => new(ErrorKind.Conflict, "maintenance-windows-many", "There are too many.",
        $"There are {most} maintenance windows, which is the most. Remove one, or give one a wider selector.");

    public static Error Unread(string name, string why) => new(ErrorKind.Conflict, "schedule-unread", "The schedule cannot be read.",
        $"When the schedule '{name}' fires cannot be told: {why}");

    /// <summary>It is tried again in a moment: nobody sees this.</summary>
    public static Error Beside { get; } = new(ErrorKind.Conflict, "schedule-beside", "Another part is at work.", "Another part of the same time is at work, and the job runs once at a time.");

    public static Error TurnedOff(string name) => new(ErrorKind.Conflict, "schedule-off", "The schedule is off.",
        $"The schedule '{name}' was turned off before this began.");

    public static Error NoHook(string name) => new(ErrorKind.Conflict, "schedule-no-webhook", "It does not wait for a webhook.",
        $"The schedule '{name}' has no address: it does not fire on a webhook.");

    /// <summary>The same for a token that is none and for a schedule that is off, so that nobody learns which there are.</summary>
    public static Error HookUnknown { get; } = new(ErrorKind.NotFound, "schedule-webhook-not-found", "There is no such webhook.",
        "No schedule that is on has this address. Was it given a new one?");
}
