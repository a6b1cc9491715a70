using Operone.Core.Errors;
using Operone.Core.Events;

namespace Operone.Web.Events.Webhooks;

/// <summary>What can go wrong with webhooks, as expected.</summary>
internal static class WebhookErrors
{
    public static Error NotFound(string idOrName) => new(ErrorKind.NotFound, "webhook-not-found", "There is no such webhook.", $"No webhook has the id or name '{idOrName}'.");

    public static Error DeliveryNotFound(Guid id) => new(ErrorKind.NotFound, "delivery-not-found", "There is no such delivery.",
        $"The webhook has no delivery {id}. Those that were taken are kept for seven days, others for thirty.");

    public static Error NameTaken(string name) => new(ErrorKind.Conflict, "name-taken", "The name is taken.",
        $"Another webhook is called '{name}'. Names are unique without regard to case.")
    {
        Fields = new Dictionary<string, string[]> { ["name"] = [$"'{name}' is taken"] },
    };

    public static Error TooMany { get; } = new(ErrorKind.Conflict, "too-many-webhooks", "There are too many webhooks.",
        $"There are {WebhookLimits.Most} already. Remove one that nobody needs any more.");

    public static Error NotDead(Guid id, DeliveryStatus status) => new(ErrorKind.Conflict, "delivery-not-dead", "It is not given up.",
        $"The delivery {id} is {status.ToString().ToLowerInvariant()}: only what was given up is sent again by hand.");

    public static Error TurnedOff(string name) => new(ErrorKind.Conflict, "webhook-off", "The webhook is turned off.",
        $"Nothing is sent to '{name}' while it is turned off. Turn it on first.");

    public static Error NotEverywhere(string actor) => new(ErrorKind.Forbidden, "permission-missing", "Not allowed.",
        $"{actor} lacks the permission 'events.read' on everything, which webhooks take: they send events of every device. Ask an administrator.");
}
