package dev.kapal.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.Harness;
import dev.kapal.cli.Images;
import dev.kapal.image.PushRequest;
import dev.kapal.image.RemoveResult;
import dev.kapal.image.SaveRequest;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code --platform}; the image of these tests is for linux/amd64. */
class PlatformsTest {
  private final Harness h = new Harness();
  private final String id = Images.busybox().id().toString();

  @BeforeEach
  void answers() {
    h.images.on("variants", a -> List.of(Images.busybox()));
    h.images.on("find", a -> Optional.of(Images.busybox()));
  }

  @Test
  void theVariantIsShown() {
    assertThat(h.run("image", "inspect", "-f", "{{.Os}}", "--platform", "amd64", "busybox").out())
        .isEqualTo("linux\n");
    Harness.Result absent = h.run("image", "inspect", "--platform", "linux/arm64", "busybox");
    assertThat(absent.status()).isEqualTo(1);
    assertThat(absent.err())
        .isEqualTo(
            "kapal: image busybox is here for linux/amd64, not for linux/arm64: pull or load it with"
                + " --platform linux/arm64\n");
    h.images.on("history", a -> List.of());
    assertThat(h.run("history", "--platform", "linux/x86_64", "busybox").status()).isZero();
    assertThat(h.images.calls()).contains("history[" + id + "]");
    assertThat(h.run("history", "--platform", "linux/arm64", "busybox").status()).isEqualTo(1);
  }

  @Test
  void theVariantIsPushedUnderItsName() {
    List<PushRequest> pushed = new ArrayList<>();
    h.images.on(
        "push",
        a -> {
          pushed.add((PushRequest) a[0]);
          return Images.busybox().id();
        });
    h.run("push", "-q", "--platform", "linux/amd64", "example.com/box");
    h.environment.put("DOCKER_DEFAULT_PLATFORM", "linux/amd64");
    h.run("push", "-q", "example.com/box");
    h.environment.clear();
    h.run("push", "-q", "example.com/box");
    assertThat(pushed)
        .extracting(PushRequest::image)
        .containsExactly(id, id, "example.com/box:latest");
    assertThat(pushed)
        .extracting(p -> p.target().toString())
        .containsOnly("example.com/box:latest");
  }

  @Test
  void savingLoadingAndRemovingAreToldThePlatform() {
    List<Object> seen = new ArrayList<>();
    h.images.on("save", a -> seen.add(((SaveRequest) a[1]).platform()));
    h.images.on(
        "load",
        a -> {
          seen.add(a[1]);
          return List.of(Images.busybox());
        });
    h.images.on(
        "remove",
        a -> {
          seen.add(a[1]);
          return new RemoveResult(List.of(), List.of(Digest.sha256(new byte[] {1})), 0);
        });
    h.run("save", "--platform", "linux/arm64/v8", "busybox");
    h.run("save", "busybox");
    h.run("load", "--platform", "riscv64");
    h.run("rmi", "--platform", "linux/arm64,linux/386", "--platform", "linux/amd64", "busybox");
    assertThat(seen)
        .containsExactly(
            Optional.of(Platform.parse("linux/arm64")),
            Optional.empty(),
            Optional.of(Platform.parse("linux/riscv64")),
            List.of(
                Platform.parse("linux/arm64"),
                Platform.parse("linux/386"),
                Platform.parse("linux/amd64")));
  }

  @Test
  void whatIsNoPlatformIsRefusedByAll() {
    for (String[] line :
        new String[][] {
          {"pull"}, {"run"}, {"push"}, {"rmi"}, {"save"}, {"history"}, {"image", "inspect"}
        }) {
      List<String> words = new ArrayList<>(List.of(line));
      words.addAll(List.of("--platform", "no/such/plat/form", "busybox"));
      Harness.Result result = h.run(words.toArray(String[]::new));
      assertThat(result.status()).as(String.join(" ", words)).isEqualTo(125);
      assertThat(result.err()).contains("platform \"no/such/plat/form\" is not understood");
    }
    assertThat(h.containers.calls()).isEmpty();
  }
}
