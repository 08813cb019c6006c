package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * The main class of a JVM that believes to be on Linux 4.19: a seccomp filter on all its threads
 * makes every system call that is newer answer ENOSYS, and new flags of older calls EINVAL. Then it
 * runs the test classes that it is given.
 */
final class OldKernel {
  private static final int LAST_CALL_OF_4_19 = Arch.host() == Arch.ARM64 ? 293 : 334;
  private static final int ENOSYS = 0x50000 | 38;
  private static final int EINVAL = 0x50000 | 22;
  private static final int ALLOW = 0x7fff0000;
  private static final int LOAD = 0x20;
  private static final int JUMP_GREATER = 0x25;
  private static final int JUMP_EQUAL = 0x15;
  private static final int JUMP_SET = 0x45;
  private static final int RETURN = 0x06;

  private OldKernel() {}

  /** Exits with the number of tests that failed. */
  public static void main(String[] classes) throws Exception {
    install();
    KernelFeatures found = KernelFeatures.host();
    if (found.openat2()
        || found.mountApi()
        || found.pidfdOpen()
        || found.clone3()
        || found.waitPidfd()
        || found.mountSetattr()
        || found.closeRange()
        || found.faccessat2()) {
      throw new IllegalStateException("the filter does not work: " + found);
    }
    LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request();
    for (String name : classes) {
      request.selectors(DiscoverySelectors.selectClass(Class.forName(name)));
    }
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request.build(), summary);
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    summary.getSummary().printFailuresTo(out, 20);
    out.println(
        "old kernel: "
            + summary.getSummary().getTestsSucceededCount()
            + " passed, "
            + summary.getSummary().getTestsFailedCount()
            + " failed");
    System.exit((int) Math.min(100, summary.getSummary().getTestsFailedCount()));
  }

  private static void install() {
    int waitid = (int) Nr.WAITID;
    int memfd = (int) Nr.MEMFD_CREATE;
    List<int[]> filter =
        List.of(
            new int[] {LOAD, 0, 0, 0},
            new int[] {JUMP_GREATER, 0, 1, LAST_CALL_OF_4_19},
            new int[] {RETURN, 0, 0, ENOSYS},
            new int[] {JUMP_EQUAL, 2, 0, waitid},
            new int[] {JUMP_EQUAL, 4, 0, memfd},
            new int[] {RETURN, 0, 0, ALLOW},
            // P_PIDFD
            new int[] {LOAD, 0, 0, 16},
            new int[] {JUMP_EQUAL, 3, 0, 3},
            new int[] {RETURN, 0, 0, ALLOW},
            // MFD_NOEXEC_SEAL and MFD_EXEC
            new int[] {LOAD, 0, 0, 24},
            new int[] {JUMP_SET, 0, 1, 0x18},
            new int[] {RETURN, 0, 0, EINVAL},
            new int[] {RETURN, 0, 0, ALLOW});
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment code = arena.allocate(filter.size() * 8L, 8);
      for (int i = 0; i < filter.size(); i++) {
        int[] step = filter.get(i);
        code.set(JAVA_SHORT, i * 8L, (short) step[0]);
        code.set(JAVA_BYTE, i * 8L + 2, (byte) step[1]);
        code.set(JAVA_BYTE, i * 8L + 3, (byte) step[2]);
        code.set(JAVA_INT, i * 8L + 4, step[3]);
      }
      MemorySegment program = arena.allocate(16, 8);
      program.set(JAVA_SHORT, 0, (short) filter.size());
      program.set(JAVA_LONG, 8, code.address());
      Sys.check(Sys.call(Nr.PRCTL, 38, 1, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)", "");
      // SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_TSYNC: all threads of the JVM.
      Sys.check(Sys.call(Nr.SECCOMP, 1, 1, program.address()), "seccomp", "");
    }
  }
}
