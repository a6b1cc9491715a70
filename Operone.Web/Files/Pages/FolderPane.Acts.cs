using Microsoft.AspNetCore.Components.Web;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages;

/// <content>What is chosen, and what is done with it.</content>
public sealed partial class FolderPane
{
    private int? _last;

    private bool CanDownload => !_chosen.IsAll && _chosen.Named.Any(v => v.IsFile());

    private string DownloadTitle => _chosen.IsAll ? "Download the folder itself, as an archive: from its menu in the folder above"
        : CanDownload ? "One after the other; folders are left out" : "Folders are downloaded one by one, from their menus";

    private async Task ChooseAsync(int index, FileView row, bool toHere)
    {
        var isChosen = !_chosen.Has(row);
        if (toHere && _last is { } last && Math.Abs(index - last) < ChosenFiles.Most)
        {
            // what lies between may be out of sight
            var between = await _rows.TakeAsync(Math.Min(index, last), Math.Abs(index - last) + 1, _gone.Token);
            _problem = between.Error;
            foreach (var one in between.IsError ? [] : between.Value)
            {
                _chosen.Set(one, isChosen);
            }
        }
        else
        {
            _chosen.Set(row, isChosen);
        }

        _last = index;
    }

    private void ChooseAll(bool isChosen)
    {
        _chosen.Clear();
        if (isChosen)
        {
            _chosen.All();
        }
    }

    /// <summary>All that is chosen, read where it is not known yet; null, with the reason shown, where it cannot be had or is too much.</summary>
    private async Task<IReadOnlyList<FileView>?> ChosenAsync()
    {
        _problem = null;
        if (!_chosen.IsAll)
        {
            return [.. _chosen.Named];
        }

        if (_rows.Count > ChosenFiles.Most)
        {
            _problem = new(ErrorKind.Unprocessable, "too-many-files", "That is too much at once.", $"At most {ChosenFiles.Most:N0} entries are acted upon at once: filter them, or take the folder itself.");
            return null;
        }

        var all = await _rows.TakeAsync(0, ChosenFiles.Most, _gone.Token);
        _problem = all.Error;
        return all.IsError ? null : [.. all.Value.Where(_chosen.Has)];
    }

    private void OpenMenu(FileView row, MouseEventArgs at) => _menu = (row, at.ClientX, at.ClientY);

    private async Task CloseMenuAsync()
    {
        _menu = null;
        if (_script is not null)
        {
            await _script.FocusAsync(_gone.Token);
        }
    }

    private Task PressedAsync(string key, string? path, double x, double y) => InvokeAsync(async () =>
    {
        var found = _rows.Find(path);
        switch (key)
        {
            case "x" when found is var (index, row):
                await ChooseAsync(index, row, toHere: false);
                break;
            case "range" when found is var (index, row):
                await ChooseAsync(index, row, toHere: true);
                break;
            case "all":
                ChooseAll(true);
                break;
            case "none":
                _chosen.Clear();
                break;
            case "menu" when found is var (_, row):
                _menu = (row, x, y);
                break;
            case "F7" when Value.Depth > 1 && View.IsWritable:
                await MakeFolderAsync();
                break;
            case "Delete" when ChosenCount > 0:
                await RemoveAsync();
                break;
            case "Delete" when found is var (_, row):
                await ActAsync("delete", row);
                break;
            case "F2" when found is var (_, row):
                await ActAsync("rename", row);
                break;
            case "F5" or "F6" when Other is not null && (found is not null || ChosenCount > 0):
                await HandAsync(key == "F6", ChosenCount > 0 ? null : path, null);
                break;
            case "F5" or "F6" when ChosenCount > 0:
                await BringAsync(key == "F6");
                break;
            case "F5" or "F6" when found is var (_, row):
                await ActAsync(key == "F6" ? "move" : "copy", row);
                break;
        }

        StateHasChanged();
    });

    private async Task ActAsync(string act, FileView row)
    {
        _menu = null;
        if ((row.IsWritable || act == "copy") && await Acts.ActAsync(Actor, act, row, _gone.Token) is not null)
        {
            await AgainAsync();
        }
    }

    private async Task MakeFolderAsync()
    {
        if (await Acts.MakeFolderAsync(Actor, Value, _gone.Token))
        {
            await AgainAsync();
        }
    }

    /// <summary>The folders of what is uploaded.</summary>
    private Task<string?> MakeFoldersAsync(string folder, string[] below) => Acts.MakeFoldersAsync(Actor, folder, below, _gone.Token);

    private async Task RemoveAsync()
    {
        if (View.IsWritable && await ChosenAsync() is { Count: > 0 } rows && await Acts.RemoveAsync(Actor, rows))
        {
            _chosen.Clear();
            await AgainAsync();
        }
    }

    private Task BringAsync(bool isMove) => BringAsync(isMove, null, null);

    /// <summary>Into the other pane's folder, or into one that was dropped upon: what is chosen, or one row that is not.</summary>
    private async Task HandAsync(bool isMove, string? path, string? into)
    {
        var one = path is not null && _rows.Find(path) is var (_, row) && !_chosen.Has(row) ? row : null;
        var to = into is null ? Other : TreePath.Parse(into) is { IsError: false } folder ? folder.Value : null;
        if (to is not null)
        {
            await BringAsync(isMove, one, to);
            StateHasChanged();
        }
    }

    private async Task BringAsync(bool isMove, FileView? one, TreePath? to)
    {
        if (isMove && !View.IsWritable)
        {
            return;
        }

        var isWhole = one is null && _chosen.IsAll && ChosenCount == _rows.Count && string.IsNullOrEmpty(Q);
        if ((one is not null ? [one] : await ChosenAsync()) is { Count: > 0 } rows && await Acts.BringAsync(Actor, rows, isMove, to, isWhole ? Value : null))
        {
            _chosen.Clear();
        }
    }

    private async Task DownloadAsync()
    {
        if (_script is not null)
        {
            await _script.DownloadAsync([.. _chosen.Named.Where(v => v.IsFile()).Select(v => v.Source())], _gone.Token);
        }
    }
}
