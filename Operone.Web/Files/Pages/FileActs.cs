using MudBlazor;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Files.Pages.Transfers;

namespace Operone.Web.Files.Pages;

/// <summary>What is done with files in dialogs, from the list and from a file's own page.</summary>
internal sealed class FileActs(FileService files, IDialogService dialogs)
{
    /// <summary>Why nothing here can be changed.</summary>
    public const string ReadOnlyReason = "Policy, or what you may, lets files here be read and not changed.";

    /// <summary>Does one of rename, copy, move, mode, unpack, delete. Gives where it is then; its folder where it is gone; null where nothing was done.</summary>
    public async Task<TreePath?> ActAsync(Actor actor, string act, FileView file, CancellationToken cancellationToken)
    {
        if (TreePath.Parse(file.Path) is not { IsError: false, Value: var path })
        {
            return null;
        }

        return act switch
        {
            "rename" => await RenameAsync(actor, path, cancellationToken),
            "copy" => await BringAsync(actor, [file], isMove: false) ? path : null,
            "move" => await BringAsync(actor, [file], isMove: true) ? path.Parent : null,
            "mode" => await ModeDialog.AskAsync(dialogs, file, change => files.ChangeAsync(actor, path, change, cancellationToken)) ? path : null,
            "unpack" => await UnpackDialog.AskAsync(dialogs, actor, path) ? path.Parent : null,
            "delete" => await RemoveAsync(actor, [file]) ? path.Parent : null,
            _ => null,
        };
    }

    /// <summary>Makes a folder.</summary>
    public async Task<bool> MakeFolderAsync(Actor actor, TreePath parent, CancellationToken cancellationToken) => await NameDialog.AskAsync(
        dialogs, "New folder", new("Name", "", $"In {PathText.Write(parent)}", "Make the folder"), async typed => PathText.ReadName(typed) switch
        {
            (null, var problem) => $"Name {problem}",
            ({ } name, _) => Words((await files.MakeFolderAsync(actor, parent.Child(name), parents: false, cancellationToken)).Error),
        });

    /// <summary>Makes folders below one, where they are not there; gives what stands in the way.</summary>
    public async Task<string?> MakeFoldersAsync(Actor actor, string folder, IReadOnlyList<string> below, CancellationToken cancellationToken)
    {
        foreach (var one in below)
        {
            var (parent, path) = (TreePath.Parse(folder), TreePath.FromNames(one.Split('/')));
            var made = parent.IsError ? parent.Error! : path.IsError ? path.Error! : await files.MakeFolderAsync(actor, parent.Value.Join(path.Value), parents: true, cancellationToken);
            if (made.IsError)
            {
                return Words(made.Error);
            }
        }

        return null;
    }

    /// <summary>Copies or moves into another folder, on whatever device; it goes on by itself. Said may be where to, and of which folder they are all that there is.</summary>
    public Task<bool> BringAsync(Actor actor, IReadOnlyList<FileView> brought, bool isMove, TreePath? to = null, TreePath? whole = null) =>
        TransferDialog.AskAsync(dialogs, actor, brought, isMove, to, whole);

    /// <summary>Removes, after having asked.</summary>
    public Task<bool> RemoveAsync(Actor actor, IReadOnlyList<FileView> gone) => RemoveDialog.AskAsync(dialogs, actor, gone);

    private async Task<TreePath?> RenameAsync(Actor actor, TreePath path, CancellationToken cancellationToken)
    {
        var to = path;
        var isDone = await NameDialog.AskAsync(dialogs, $"Rename {FileName.Display(path.Name)}", new("Name", PathText.WriteName(path.Name), null, "Rename"), async typed =>
        {
            var (name, problem) = PathText.ReadName(typed);
            if (name is null)
            {
                return $"Name {problem}";
            }

            to = path.Parent.Child(name);
            return to.Equals(path) ? null : Words((await files.MoveAsync(actor, path, to, overwrite: false, cancellationToken)).Error);
        });
        return isDone ? to : null;
    }

    /// <summary>An error as a sentence beside its cause.</summary>
    public static string? Words(Error? error) =>
        error is null ? null : error.Fields?.Values.FirstOrDefault()?[0] is { } field ? field : $"{error.Title} {error.Detail}";
}
