using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Shell.Host;

/// <summary>Starts a child. Gives 0, or the error number that says why not.</summary>
internal delegate int StartChild(out int pid);

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
    private int _aside;
    private int? _asideStatus;

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
            Go();
        }
    }

    /// <summary>
    /// Starts one more child, next to the command. Gives 0, or the error number that says why not; how it ended is told by
    /// <see cref="AsideStatus"/>.
    /// </summary>
    public int StartAside(StartChild start)
    {
        lock (_lock)
        {
            // it may end before this is over: whoever waits for it waits for the lock first
            var error = start(out var pid);
            (_aside, _asideStatus) = (error == 0 ? pid : 0, null);
            if (error == 0)
            {
                Go();
            }

            return error;
        }
    }

    /// <summary>The wait status of the child that was started aside, once it has ended.</summary>
    public int? AsideStatus
    {
        get
        {
            lock (_lock)
            {
                return _asideStatus;
            }
        }
    }

    /// <summary>Kills the child that was started aside, with its group, where it has not ended.</summary>
    public void KillAside()
    {
        lock (_lock)
        {
            if (_aside != 0 && _asideStatus is null)
            {
                Libc.Kill(-_aside, Libc.SigKill); // it leads a session, and so a group
            }
        }
    }

    /// <summary>Makes <see cref="News"/> readable.</summary>
    public void Nudge()
    {
        byte one = 1;
        Libc.Write(_newsWrite, &one, 1);
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

    /// <summary>Lets the thread wait, where it does not already.</summary>
    private void Go()
    {
        if (_isEmpty)
        {
            byte go = 1;
            Libc.Write(_startWrite, &go, 1);
        }

        _isEmpty = false;
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

            var isEmpty = false;
            lock (_lock)
            {
                // a child may have been started since
                pid = pid < 0 ? Libc.WaitPid(-1, &status, Libc.NoHang) : pid;
                _status = pid > 0 && pid == _command ? status : _status;
                _asideStatus = pid > 0 && pid == _aside ? status : _asideStatus;
                _isEmpty = isEmpty = pid < 0;
            }

            Nudge();
            if (isEmpty)
            {
                return;
            }
        }
    }
}
