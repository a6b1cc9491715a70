namespace Operone.Web.Shell.Placement;

/// <summary>Chooses devices for the runs that leave that to Operone. The room Kernel is behind it: it may call this room, but not the other way round.</summary>
internal interface IRunPlacer
{
    /// <summary>Tries once, now. Where there is no room the run waits on, with the reason stored.</summary>
    Task PlaceAsync(Guid runId, CancellationToken cancellationToken);
}
