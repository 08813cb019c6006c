package dev.kapal.it;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs test classes in the virtual machine and prints a line for each test: its class, its name,
 * what came of it, how many milliseconds it took, and why, in base64.
 */
public final class GuestSuite {
  private GuestSuite() {}

  /** The arguments are names of classes. */
  public static void main(String[] classes) {
    PrintStream out = System.out;
    Launcher launcher = LauncherFactory.create();
    launcher.execute(
        LauncherDiscoveryRequestBuilder.request()
            .selectors(Arrays.stream(classes).map(name -> selectClass(name)).toList())
            .build(),
        new Report(out));
    out.flush();
    // Whatever thread a test has left must not keep this from ending.
    Runtime.getRuntime().halt(0);
  }

  /** Prints as it goes. */
  private static final class Report implements TestExecutionListener {
    private final PrintStream out;
    private long started = System.nanoTime();

    Report(PrintStream out) {
      this.out = out;
    }

    @Override
    public void executionStarted(TestIdentifier test) {
      started = System.nanoTime();
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
      line(test, "SKIPPED", reason);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (test.isTest() || result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
        String why =
            result.getThrowable().map(e -> e + "\n" + String.join("\n", trace(e))).orElse("");
        line(test, result.getStatus().name(), why);
      }
    }

    private static String[] trace(Throwable e) {
      return Arrays.stream(e.getStackTrace())
          .filter(frame -> frame.getClassName().startsWith("dev.kapal"))
          .map(frame -> "  at " + frame)
          .toArray(String[]::new);
    }

    private void line(TestIdentifier test, String result, String why) {
      String id = test.getUniqueId();
      int at = id.indexOf("class:");
      out.println(
          "TEST "
              + (at < 0 ? id : id.substring(at + 6, id.indexOf(']', at)))
              + " "
              + test.getDisplayName().replace(' ', '_')
              + " "
              + result
              + " "
              + (System.nanoTime() - started) / 1_000_000
              + " "
              + Base64.getEncoder().encodeToString(why.getBytes(StandardCharsets.UTF_8))
              + "-");
      out.flush();
    }
  }
}
