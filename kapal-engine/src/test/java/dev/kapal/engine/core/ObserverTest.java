package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Event;
import dev.kapal.engine.Observer;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.image.Image;
import dev.kapal.image.Images;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.PullRequest;
import dev.kapal.oci.Digest;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an observer hears. */
class ObserverTest {
  @TempDir Path temp;

  private static final class Notes implements Observer {
    final List<String> steps = new ArrayList<>();
    final List<String> events = new ArrayList<>();
    long bytes;

    @Override
    public synchronized Step begin(Operation operation) {
      steps.add(operation.text());
      return failure -> {
        synchronized (this) {
          steps.add((failure.isPresent() ? "failed " : "/") + operation.text());
        }
      };
    }

    @Override
    public synchronized void told(Event event) {
      events.add(event.type() + " " + event.action());
    }

    @Override
    public synchronized void downloaded(long more) {
      bytes += more;
    }
  }

  @Test
  void aContainersLifeIsHeardStepByStep() {
    Notes notes = new Notes();
    try (LocalEngine engine = new FakeWorld(temp).open()) {
      engine.observe(notes);
      Containers c = engine.containers();
      String id = c.create(ContainerSpec.builder("web").build()).id();
      assertThat(notes.steps)
          .containsExactly(
              "container_create", "snapshot_prepare", "/snapshot_prepare", "/container_create");
      notes.steps.clear();
      c.start(id);
      assertThat(notes.steps)
          .containsExactly(
              "container_start",
              "sandbox_create",
              "/sandbox_create",
              "process_create",
              "/process_create",
              "cni_add",
              "/cni_add",
              "/container_start");
      notes.steps.clear();
      assertThatThrownBy(() -> c.start(id)).isInstanceOf(EngineException.Unchanged.class);
      c.stop(id, Optional.of(Duration.ofSeconds(5)), Optional.empty());
      assertThat(notes.steps)
          .containsExactly("container_stop", "cni_del", "/cni_del", "/container_stop");
      notes.steps.clear();
      assertThatThrownBy(() -> c.stop(id, Optional.empty(), Optional.empty()))
          .isInstanceOf(EngineException.Unchanged.class);
      assertThat(notes.steps).containsExactly("container_stop", "/container_stop");
      notes.steps.clear();
      c.remove(id, false, true);
      assertThat(notes.steps).containsExactly("container_remove", "/container_remove");
      assertThat(notes.events)
          .containsSubsequence(
              "container create", "container start", "container die", "container destroy");
    }
  }

  @Test
  void whatFailsIsHeardToFailAndNothingAfterwards() {
    Notes notes = new Notes();
    FakeWorld world = new FakeWorld(temp);
    try (LocalEngine engine = world.open()) {
      engine.observe(notes);
      assertThatThrownBy(() -> engine.containers().create(ContainerSpec.builder("gone").build()))
          .isInstanceOf(EngineException.NotFound.class);
      assertThat(notes.steps).containsExactly("container_create", "failed container_create");
      notes.steps.clear();
      engine.observe(Observer.NONE);
      engine.containers().create(ContainerSpec.builder("web").build());
      assertThat(notes.steps).isEmpty();
      assertThat(notes.events).isEmpty();
    }
  }

  @Test
  void thePullsBytesAreCountedOnce() {
    Digest one = Digest.parse("sha256:" + "1".repeat(64));
    Digest two = Digest.parse("sha256:" + "2".repeat(64));
    Images store =
        (Images)
            Proxy.newProxyInstance(
                Images.class.getClassLoader(),
                new Class<?>[] {Images.class},
                (self, method, arguments) -> pull((ProgressListener) arguments[1], one, two));
    Notes notes = new Notes();
    Observing observing = new Observing();
    observing.use(notes);
    List<ProgressListener.Event> heard = new ArrayList<>();
    new ObservedImages(store, new EventLog(16), observing).pull(PullRequest.of("web"), heard::add);
    assertThat(notes.steps).containsExactly("image_pull", "/image_pull");
    assertThat(notes.bytes).isEqualTo(100 + 40 + 70);
    assertThat(heard).hasSize(7);
  }

  private static Image pull(ProgressListener progress, Digest one, Digest two) {
    progress.on(new ProgressListener.Layer(one, State.WAITING, 0, 100));
    progress.on(new ProgressListener.Layer(one, State.DOWNLOADING, 30, 100));
    progress.on(new ProgressListener.Layer(two, State.DOWNLOADING, 40, 70));
    progress.on(new ProgressListener.Layer(one, State.DOWNLOADED, 100, 100));
    // The server knew nothing of a range: from the beginning again.
    progress.on(new ProgressListener.Layer(two, State.DOWNLOADING, 10, 70));
    progress.on(new ProgressListener.Layer(two, State.DOWNLOADED, 70, 70));
    progress.on(new ProgressListener.Layer(one, State.EXTRACTING, 50, 400));
    return FakeWorld.image();
  }
}
