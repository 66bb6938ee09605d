/* Preloaded into the program: keeps, beside everything that it syncs, a copy of what that sync made durable.
 *
 * After fsync or fdatasync of a file below $POWERLOSS_ROOT, the file as it is then stands in $POWERLOSS_SHADOW, under its identity:
 * a file that is removed and made anew is another one. After fsync of a directory, the names in it and the identity behind each
 * stand there under the directory's path with '%' for '/' and "%names" at its end. A copy replaces the one before by rename, so
 * that a kill leaves one or the other.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy_file(int from, int to)
{
    char buffer[65536];
    off_t at = 0;
    ssize_t count;
    while ((count = pread(from, buffer, sizeof buffer, at)) > 0) {
        if (pwrite(to, buffer, count, at) != count)
            abort();
        at += count;
    }
}

/* Inode and time of birth: an inode is given again. */
static void identity(int at, const char *name, char *text, size_t size)
{
    struct statx found;
    if (statx(at, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &found))
        abort();
    snprintf(text, size, "%llu-%lld.%09u", (unsigned long long)found.stx_ino, (long long)found.stx_btime.tv_sec,
             found.stx_btime.tv_nsec);
}

static void copy_names(const char *path, int to)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char text[64];
    if (!directory)
        abort();
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] == '.')
            continue;
        identity(dirfd(directory), entry->d_name, text, sizeof text);
        dprintf(to, "%s %s\n", text, entry->d_name);
    }
    closedir(directory);
}

static void keep(int fd)
{
    static __thread char path[PATH_MAX], link[64], name[PATH_MAX + 16], final[2 * PATH_MAX + 32], copy[2 * PATH_MAX + 64];
    const char *root = getenv("POWERLOSS_ROOT"), *shadow = getenv("POWERLOSS_SHADOW");
    struct stat stat;
    ssize_t length;
    size_t prefix;
    char *letter;
    int to;

    if (!root || !shadow || fstat(fd, &stat))
        return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    prefix = strlen(root);
    if (length < 0)
        abort();
    path[length] = 0;
    if (strncmp(path, root, prefix) || (path[prefix] && path[prefix] != '/'))
        return;
    if (S_ISDIR(stat.st_mode)) {
        snprintf(name, sizeof name, "%s%%names", path + prefix);
        for (letter = name; *letter; letter++)
            if (*letter == '/')
                *letter = '%';
    } else {
        identity(fd, "", name, sizeof name);
    }
    snprintf(final, sizeof final, "%s/%s", shadow, name);
    snprintf(copy, sizeof copy, "%s.%d", final, gettid());
    to = open(copy, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (to < 0)
        abort();
    if (S_ISDIR(stat.st_mode))
        copy_names(path, to);
    else
        copy_file(fd, to);
    close(to);
    if (rename(copy, final))
        abort();
}

static int sync_and_keep(const char *name, int fd)
{
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = sync(fd), error = errno;
    if (result == 0)
        keep(fd);
    errno = error;
    return result;
}

int fsync(int fd)
{
    return sync_and_keep("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_and_keep("fdatasync", fd);
}
