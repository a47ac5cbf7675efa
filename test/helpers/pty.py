"""A terminal for tests: starts a program as the foreground job of a small shell on a pseudo-terminal of its own.

Lines in:  w BASE64 | r COLUMNS ROWS | s SIGNAL | c (the job goes on) | h (the terminal is closed)
Lines out: o BASE64 | z FLAGS (the job has stopped) | x CODE FLAGS (the job has ended)
FLAGS: the local modes of the terminal, as a number, or - where it is gone. Source: termios(3), the POSIX chapter on job control.
"""
import base64, fcntl, os, select, signal, struct, sys, termios


def size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


def flags(fd):
    try:
        return str(termios.tcgetattr(fd)[3])
    except (OSError, termios.error):
        return '-'


def shell(slave, report, orders, command):
    """The session's leader: gives the terminal to the job and takes it back when the job stops or ends."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    ready_in, ready_out = os.pipe()
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.close(ready_out)
        os.read(ready_in, 1)
        for fd in (ready_in, report, orders):
            os.close(fd)
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(command[0], command)
    os.setpgid(job, job)
    # As shells do: who hangs up on the shell hangs up on its job, and a stopped one goes on to hear of it.
    def hang_up(*_):
        for number in (signal.SIGHUP, signal.SIGCONT):
            try:
                os.killpg(job, number)
            except OSError:
                pass
    signal.signal(signal.SIGHUP, hang_up)
    os.write(report, b'p %d\n' % job)
    os.tcsetpgrp(0, job)
    os.write(ready_out, b'.')
    while True:
        try:
            _, status = os.waitpid(job, os.WUNTRACED)
        except InterruptedError:
            continue
        if os.WIFSTOPPED(status):
            try:
                os.tcsetpgrp(0, os.getpgrp())
                os.write(report, b'z %s\n' % flags(0).encode())
                os.read(orders, 1)
                os.tcsetpgrp(0, job)
                os.killpg(job, signal.SIGCONT)
            except OSError:
                # The terminal was closed meanwhile.
                hang_up()
            continue
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        try:
            os.tcsetpgrp(0, os.getpgrp())
        except OSError:
            pass
        os.write(report, b'x %d %s\n' % (code, flags(0).encode()))
        os._exit(0)


def main():
    columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    master, slave = os.openpty()
    size(master, columns, rows)
    report_in, report_out = os.pipe()
    orders_in, orders_out = os.pipe()
    leader = os.fork()
    if leader == 0:
        for fd in (master, report_in, orders_out):
            os.close(fd)
        shell(slave, report_out, orders_in, command)
    for fd in (slave, report_out, orders_in):
        os.close(fd)
    job, said, heard, open_master = 0, b'', b'', True
    say = lambda text: (sys.stdout.write(text + '\n'), sys.stdout.flush())
    while True:
        ready = select.select([0, report_in] + ([master] if open_master else []), [], [])[0]
        if open_master and master in ready:
            try:
                data = os.read(master, 65536)
            except OSError:
                data = b''
            if data:
                say('o ' + base64.b64encode(data).decode())
                continue
            os.close(master)
            open_master = False
        if report_in in ready:
            data = os.read(report_in, 4096)
            if not data:
                return
            said += data
            *lines, said = said.split(b'\n')
            for line in lines:
                if line.startswith(b'p '):
                    job = int(line[2:])
                else:
                    # What was written before stands before.
                    while open_master and select.select([master], [], [], 0.02)[0]:
                        try:
                            rest = os.read(master, 65536)
                        except OSError:
                            rest = b''
                        if not rest:
                            break
                        say('o ' + base64.b64encode(rest).decode())
                    say(line.decode())
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                # Nobody drives any more: nothing is left running.
                if job:
                    try:
                        os.killpg(job, signal.SIGKILL)
                    except OSError:
                        pass
                return
            heard += data
            *lines, heard = heard.split(b'\n')
            for line in lines:
                words = line.decode().split(' ')
                if words[0] == 'w' and open_master:
                    os.write(master, base64.b64decode(words[1]))
                elif words[0] == 'r' and open_master:
                    size(master, int(words[1]), int(words[2]))
                elif words[0] == 's' and job:
                    try:
                        os.killpg(job, getattr(signal, words[1]))
                    except OSError:
                        pass
                elif words[0] == 'c':
                    os.write(orders_out, b'.')
                elif words[0] == 'h' and open_master:
                    os.close(master)
                    open_master = False


main()
