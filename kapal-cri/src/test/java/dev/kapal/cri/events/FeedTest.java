package dev.kapal.cri.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.cri.FakeNode;
import dev.kapal.cri.Fakes;
import dev.kapal.cri.Requests;
import dev.kapal.cri.proto.ContainerEventResponse;
import dev.kapal.cri.proto.PodSandboxState;
import dev.kapal.cri.service.Statuses;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Engine;
import dev.kapal.engine.Event;
import dev.kapal.engine.Events;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is told of pods and containers, over several daemons: each is a feed over the same file. */
@Timeout(60)
final class FeedTest {
  private static final Instant NOW = Instant.ofEpochSecond(100);

  @TempDir Path folder;
  private final FakeNode node = new FakeNode();
  private final List<Feed> feeds = new ArrayList<>();
  private final BlockingQueue<BlockingQueue<Event>> streams = new LinkedBlockingQueue<>();
  private BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private long sequence;
  private volatile boolean broken;

  @AfterEach
  void end() {
    feeds.forEach(Feed::close);
  }

  private Path memory() {
    return folder.resolve("told.json");
  }

  /** A daemon that has just started. */
  private Feed feed() {
    Engine engine =
        Fakes.over(
            Engine.class,
            node.engine(),
            Map.of(
                "events",
                a -> Fakes.of(Events.class, Map.of("subscribe", b -> subscription())),
                "pods",
                a -> {
                  if (broken) {
                    throw new IllegalStateException("the database is locked");
                  }
                  return node.engine().pods();
                }));
    Feed feed =
        new Feed(
            engine, new Statuses(engine), Clock.fixed(NOW, ZoneOffset.UTC), Told.read(memory()));
    feeds.add(feed);
    return feed;
  }

  private Events.Subscription subscription() {
    BlockingQueue<Event> queue = new LinkedBlockingQueue<>();
    streams.add(queue);
    return new Events.Subscription() {
      @Override
      public Optional<Event> next() throws InterruptedException {
        return Optional.of(queue.take());
      }

      @Override
      public Optional<Event> next(Duration timeout) throws InterruptedException {
        return Optional.ofNullable(queue.poll(timeout.toMillis(), TimeUnit.MILLISECONDS));
      }

      @Override
      public boolean ended() {
        return false;
      }

      @Override
      public void close() {}
    };
  }

  /** A subscriber of a feed that has begun to look. */
  private Subscriber first(Feed feed) throws InterruptedException {
    Subscriber subscriber = feed.join();
    events = streams.take();
    return subscriber;
  }

  private void happens(String type, String id) {
    events.add(new Event(++sequence, NOW, type, "x", id, Map.of()));
  }

  private String pod(String name) {
    return node.engine().pods().run(Requests.pod(name));
  }

  private String container(String pod, String name) {
    String id = node.engine().containers().create(Requests.container(pod, name)).id();
    node.refresh(pod);
    return id;
  }

  private void becomes(String id, ContainerState state) {
    node.containers.put(id, FakeNode.info(id, node.containers.get(id).spec(), state, 0));
  }

  private static String told(Feed feed, Subscriber subscriber) throws InterruptedException {
    Subscriber.News news = subscriber.next();
    feed.told(news.mark());
    return say(news.message());
  }

  private static String say(ContainerEventResponse message) {
    return message.getContainerId().substring(60)
        + " "
        + message.getContainerEventType().name().replace("CONTAINER_", "").replace("_EVENT", "");
  }

  private static List<String> told(Feed feed, Subscriber subscriber, int count)
      throws InterruptedException {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(told(feed, subscriber));
    }
    return all;
  }

  @Test
  void aLifeIsToldInItsOrderWithThePodAsItIs() throws Exception {
    Feed feed = feed();
    Subscriber subscriber = first(feed);
    String pod = pod("web");
    happens("pod", pod);
    assertThat(told(feed, subscriber, 2)).containsExactly("0001 CREATED", "0001 STARTED");
    String container = container(pod, "c");
    happens("container", container);
    assertThat(told(feed, subscriber)).isEqualTo("0100 CREATED");
    becomes(container, ContainerState.RUNNING);
    happens("container", container);
    happens("container", container); // nothing more has happened
    assertThat(told(feed, subscriber)).isEqualTo("0100 STARTED");
    becomes(container, ContainerState.EXITED);
    happens("container", container);
    Subscriber.News stopped = subscriber.next();
    assertThat(say(stopped.message())).isEqualTo("0100 STOPPED");
    assertThat(stopped.message().getCreatedAt()).isEqualTo(4_000_000_000L);
    assertThat(stopped.message().getPodSandboxStatus().getMetadata().getUid()).isEqualTo("u-web");
    assertThat(stopped.message().getContainersStatusesList()).hasSize(1);
    node.containers.remove(container);
    happens("container", container);
    assertThat(told(feed, subscriber)).isEqualTo("0100 DELETED");
    node.engine().pods().stop(pod);
    happens("pod", pod);
    node.pods.remove(pod);
    happens("pod", pod);
    List<String> ends = told(feed, subscriber, 1);
    // Whether the pod was still there when it was looked at is a matter of time.
    if (ends.getFirst().endsWith("STOPPED")) {
      ends = told(feed, subscriber, 1);
    }
    assertThat(ends).containsExactly("0001 DELETED");
  }

  @Test
  void whatHappenedWithoutADaemonIsToldAndNothingTwice() throws Exception {
    Feed before = feed();
    Subscriber first = first(before);
    String pod = pod("web");
    happens("pod", pod);
    String stays = container(pod, "stays");
    String goes = container(pod, "goes");
    becomes(goes, ContainerState.RUNNING);
    happens("container", stays);
    happens("container", goes);
    assertThat(told(before, first, 5))
        .containsExactly(
            "0001 CREATED", "0001 STARTED", "0100 CREATED", "0101 CREATED", "0101 STARTED");
    before.leave(first);
    before.close();
    becomes(stays, ContainerState.RUNNING);
    node.containers.remove(goes);
    String made = container(pod, "made");
    becomes(made, ContainerState.EXITED);
    Feed after = feed();
    Subscriber second = first(after);
    assertThat(told(after, second, 5))
        .containsExactlyInAnyOrder(
            "0101 DELETED", "0100 STARTED", "0102 CREATED", "0102 STARTED", "0102 STOPPED")
        .containsSubsequence("0102 CREATED", "0102 STARTED", "0102 STOPPED");
  }

  @Test
  void whatMayNotHaveArrivedBeforeACrashIsToldAgain() throws Exception {
    Feed before = feed();
    Subscriber first = first(before);
    String pod = pod("web");
    happens("pod", pod);
    assertThat(told(before, first, 2)).containsExactly("0001 CREATED", "0001 STARTED");
    // Killed: nothing was written yet.
    assertThat(memory()).doesNotExist();
    Feed after = feed();
    assertThat(told(after, first(after), 2)).containsExactly("0001 CREATED", "0001 STARTED");
  }

  @Test
  void aMomentLaterItIsOnDisk() throws Exception {
    Feed before = feed();
    Subscriber first = first(before);
    String pod = pod("web");
    happens("pod", pod);
    told(before, first, 2);
    for (int i = 0; i < 100 && !Files.exists(memory()); i++) {
      Thread.sleep(50);
    }
    // Killed then.
    assertThat(memory()).content().contains("STARTED").contains("u-web");
    node.pods.remove(pod);
    Feed after = feed();
    Subscriber second = first(after);
    Subscriber.News news = second.next();
    assertThat(say(news.message())).isEqualTo("0001 DELETED");
    // Of the pod itself nothing is left but what was remembered.
    assertThat(news.message().getPodSandboxStatus().getMetadata().getName()).isEqualTo("web");
    assertThat(news.message().getPodSandboxStatus().getState())
        .isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
  }

  @Test
  void whatWaitedForASubscriberThatWentIsToldToTheNext() throws Exception {
    Feed feed = feed();
    Subscriber first = first(feed);
    String pod = pod("web");
    happens("pod", pod);
    assertThat(told(feed, first)).isEqualTo("0001 CREATED");
    Subscriber.News lost = first.next(); // taken, and never sent
    assertThat(say(lost.message())).isEqualTo("0001 STARTED");
    feed.leave(first);
    assertThat(told(feed, first(feed))).isEqualTo("0001 STARTED");
  }

  @Test
  void whatTheEnginesQueueDroppedIsFoundByLooking() throws Exception {
    Feed feed = feed();
    Subscriber subscriber = first(feed);
    String seen = pod("seen");
    happens("pod", seen);
    told(feed, subscriber, 2);
    pod("unseen");
    sequence += 5;
    happens("image", "sha256:1");
    assertThat(told(feed, subscriber, 2)).containsExactly("0002 CREATED", "0002 STARTED");
  }

  @Test
  void podsAndContainersOfOtherDoorsAreNotTold() throws Exception {
    Feed feed = feed();
    Subscriber subscriber = first(feed);
    String other = node.engine().pods().run(Requests.podOfOthers());
    String alone = node.engine().containers().create(Requests.containerOfOthers()).id();
    happens("pod", other);
    happens("container", alone);
    happens("container", "never-heard-of");
    String pod = pod("web");
    happens("pod", pod);
    assertThat(told(feed, subscriber)).isEqualTo("0002 CREATED");
  }

  @Test
  void whoJoinsOthersGetsWhatHappensFromThenOn() throws Exception {
    Feed feed = feed();
    Subscriber first = first(feed);
    String pod = pod("web");
    happens("pod", pod);
    told(feed, first, 2);
    Subscriber second = feed.join();
    String container = container(pod, "c");
    happens("container", container);
    assertThat(told(feed, first)).isEqualTo("0100 CREATED");
    assertThat(told(feed, second)).isEqualTo("0100 CREATED");
  }

  @Test
  void aSlowReaderGetsWhatWaitedAndAnEndAndOthersNeverWait() throws Exception {
    int pods = 2100; // two events each
    Feed feed = feed();
    Subscriber slow = first(feed);
    Subscriber quick = feed.join();
    for (int i = 0; i < pods; i++) {
      happens("pod", pod("p" + i));
      told(feed, quick, 2);
    }
    for (int i = 0; i < 4096; i++) {
      assertThat(slow.next().mark().podName()).isEqualTo("p" + i / 2);
    }
    assertThatThrownBy(slow::next)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED))
        .hasMessageContaining("4096");
  }

  @Test
  void theEndOfTheDaemonIsSaidAfterWhatWaits() throws Exception {
    Feed feed = feed();
    Subscriber subscriber = first(feed);
    String pod = pod("web");
    happens("pod", pod);
    told(feed, subscriber);
    feed.close();
    assertThat(say(subscriber.next().message())).isEqualTo("0001 STARTED");
    assertThatThrownBy(subscriber::next)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    Subscriber late = feed.join();
    assertThatThrownBy(late::next).hasMessageContaining("the daemon ends");
  }

  @Test
  void whatCannotBeLookedAtEndsTheStreamAndIsToldToWhoeverComesAgain() throws Exception {
    Feed feed = feed();
    Subscriber first = first(feed);
    String pod = pod("web");
    broken = true;
    happens("pod", pod);
    assertThatThrownBy(first::next)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE))
        .hasMessageContaining("the database is locked");
    feed.leave(first);
    broken = false;
    assertThat(told(feed, first(feed), 2)).containsExactly("0001 CREATED", "0001 STARTED");
  }

  @Test
  void aDamagedFileCountsAsNotTold() throws IOException, InterruptedException {
    String pod = pod("web");
    for (String damaged :
        List.of(
            "",
            "[{\"id\":\"x\"",
            "{}",
            "[null]",
            "[{}]",
            "[{\"id\":\"x\",\"phase\":\"GONE\"}]",
            "\0\0\0")) {
      Files.writeString(memory(), damaged);
      Feed feed = feed();
      assertThat(told(feed, first(feed), 2))
          .as(damaged)
          .containsExactly("0001 CREATED", "0001 STARTED");
      assertThat(node.pods).containsKey(pod);
    }
  }
}
