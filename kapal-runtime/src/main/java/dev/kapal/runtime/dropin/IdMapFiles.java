package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Identity;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Stat;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.runtime.monitor.UserMaps;
import dev.kapal.runtime.plan.PlanCompiler;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Gives a container's user namespace its id maps. An ordinary user may map one id, his own, and has
 * to give up setgroups(2) for his group; more ids are mapped by newuidmap(1) and newgidmap(1),
 * which know what /etc/subuid and /etc/subgid allow him.
 */
final class IdMapFiles {
  private final Session session;
  private final Linux linux;
  private final int pid;

  private IdMapFiles(Session session, int pid) {
    this.session = session;
    this.linux = session.host().linux();
    this.pid = pid;
  }

  static void write(Session session, int pid, dev.kapal.oci.runtime.Linux section) {
    Identity who = session.host().facts().identity();
    if (who.uid() == 0) {
      UserMaps.write(session.host().linux(), pid, section.uidMappings(), section.gidMappings());
      return;
    }
    IdMapFiles files = new IdMapFiles(session, pid);
    if (PlanCompiler.own(section.gidMappings(), who.gid())) {
      files.denySetgroups();
    }
    files.write("uid_map", section.uidMappings(), who.uid(), "newuidmap");
    files.write("gid_map", section.gidMappings(), who.gid(), "newgidmap");
  }

  private void denySetgroups() {
    try (Fd file = linux.descriptors().open("/proc/" + pid + "/setgroups", O_WRONLY)) {
      linux.descriptors().writeFully(file, "deny".getBytes(StandardCharsets.US_ASCII));
    } catch (ErrnoException e) {
      // Kernels before 3.19 have no such file.
      if (!e.is(Errno.ENOENT)) {
        throw new CommandFailed("setgroups cannot be forbidden: " + e.getMessage(), e);
      }
    }
  }

  private void write(String file, List<IdMapping> maps, long own, String program) {
    if (PlanCompiler.own(maps, own)) {
      UserMaps.write(linux, "/proc/" + pid + "/" + file, maps);
      return;
    }
    List<String> words = new ArrayList<>(List.of(find(program), Integer.toString(pid)));
    for (IdMapping map : maps) {
      words.add(Long.toString(map.containerId()));
      words.add(Long.toString(map.hostId()));
      words.add(Long.toString(map.size()));
    }
    HostProgram.Ended ended = HostProgram.run(session, words);
    if (ended.status() != 0) {
      throw new CommandFailed(
          program
              + " does not map the ids that the config asks for: "
              + ended.err().strip()
              + "; see /etc/subuid and /etc/subgid for what user "
              + session.host().facts().identity().uid()
              + " may map");
    }
  }

  private String find(String program) {
    String path = session.command().environment().getOrDefault("PATH", "/usr/bin:/bin");
    for (String directory : path.split(":", -1)) {
      if (directory.startsWith("/")) {
        Optional<Stat> file = linux.descriptors().lstatIfExists(Fd.CWD, directory + "/" + program);
        if (file.filter(IdMapFiles::program).isPresent()) {
          return directory + "/" + program;
        }
      }
    }
    throw new CommandFailed(
        program
            + " is not in PATH, and without it a user can map but one id, his own: install the"
            + " package uidmap (shadow-utils)");
  }

  private static boolean program(Stat file) {
    return file.type() == FileType.SYMLINK || file.type() == FileType.REGULAR;
  }
}
