using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;
using Operone.Web.Devices;
using Operone.Web.Devices.Pages;
using Operone.Web.Events;
using Operone.Web.Shell;

namespace Operone.Web.Console.Pages;

/// <summary>What is online, what runs, what failed lately, what happened.</summary>
public sealed partial class Overview
{
    private const int Few = 8;

    private IReadOnlyList<RunView> _running = [];
    private IReadOnlyList<RunView> _failed = [];
    private bool _moreRunning;
    private bool _moreFailed;
    private (int Count, int Online) _devices;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Inject]
    private RunReader Runs { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    private int Offline => _devices.Count - _devices.Online;

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Devices, LiveChanges.Runs];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        _devices = Sight.Count(Actor);
        if (!Actor.May(Permissions.RunsRead))
        {
            (_running, _failed) = ([], []);
            return;
        }

        var running = await Runs.ListAsync(Actor, new RunQuery(RunStatus.Running, Limit: Few), cancellationToken);
        var failed = await Runs.ListAsync(Actor, new RunQuery(RunStatus.Failed, Limit: Few), cancellationToken);
        Problem = running.Error ?? failed.Error;
        if (Problem is null)
        {
            var lately = Time.GetUtcNow().AddDays(-1);
            (_running, _moreRunning) = (running.Value.Items, running.Value.NextCursor is not null);
            _failed = [.. failed.Value.Items.Where(r => r.CreatedAt > lately)];
            _moreFailed = failed.Value.NextCursor is not null && _failed.Count == Few;
        }
    }

    private static string Count(IReadOnlyList<RunView> runs, bool more) => more ? $"{runs.Count}+" : $"{runs.Count}";

    private async Task AddAsync() => await DialogService.ShowAsync<AddDevice>("Add a device", Dialogs.Form);
}
