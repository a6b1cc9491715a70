using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// Waits for every child of this process, in a thread of its own, and writes a byte into a pipe for each: the command
/// itself, and the orphans that come to this process. When there is no child left, the whole tree is gone: a process tree
/// under a subreaper cannot lose a branch.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class Reaper
{
    private const int StackBytes = 256 * 1024;
    private readonly int _startRead;
    private readonly int _startWrite;
    private readonly int _newsWrite;
    private readonly Lock _lock = new();
    private int _command;
    private int? _status;
    private bool _isEmpty = true;

    /// <summary>Starts the thread, so that no command has to wait for it.</summary>
    public Reaper()
    {
        (_startRead, _startWrite) = Libc.MakePipe();
        (News, _newsWrite) = Libc.MakePipe();
        Libc.DoNotBlock(News);
        Libc.DoNotBlock(_newsWrite);
        new Thread(Loop, StackBytes) { IsBackground = true, Name = "reaper" }.Start();
    }

    /// <summary>Readable when something has changed.</summary>
    public int News { get; }

    /// <summary>The command's wait status, once it has ended.</summary>
    public int? Status
    {
        get
        {
            lock (_lock)
            {
                return _status;
            }
        }
    }

    /// <summary>Whether no descendant is left.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _isEmpty;
            }
        }
    }

    /// <summary>A command was started: wait for it, and for all that come after.</summary>
    public void Watch(int pid)
    {
        lock (_lock)
        {
            _command = pid;
            _status = null;
            _isEmpty = false;
        }

        byte go = 1;
        Libc.Write(_startWrite, &go, 1);
    }

    /// <summary>Empties <see cref="News"/>.</summary>
    public void TakeNews()
    {
        var buffer = stackalloc byte[256];
        while (Libc.Read(News, buffer, 256) == 256)
        {
        }
    }

    /// <summary>The same; it is learned just after the command's exit was told.</summary>
    /// <param name="isIsolated">Whether a world of its own has to be taken down first, which takes the kernel some milliseconds.</param>
    public bool IsEmptySoon(bool isIsolated)
    {
        for (var i = isIsolated ? 100 : 10; i > 0 && !IsEmpty; i--)
        {
            var poll = new Libc.PollFd { Fd = News, Events = Libc.PollIn };
            Libc.Poll(&poll, 1, 1);
            TakeNews();
        }

        return IsEmpty;
    }

    private void Loop()
    {
        byte value;
        while (Libc.Read(_startRead, &value, 1) == 1)
        {
            WaitForAll();
        }
    }

    private void WaitForAll()
    {
        while (true)
        {
            int status;
            var pid = Libc.WaitPid(-1, &status, 0);
            if (pid < 0 && Libc.LastError == Libc.Interrupted)
            {
                continue;
            }

            lock (_lock)
            {
                _status = pid == _command ? status : _status;
                _isEmpty = pid < 0;
            }

            byte one = 1;
            Libc.Write(_newsWrite, &one, 1);
            if (pid < 0)
            {
                return;
            }
        }
    }
}
