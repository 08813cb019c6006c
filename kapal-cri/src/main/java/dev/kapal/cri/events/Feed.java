package dev.kapal.cri.events;

import dev.kapal.cri.events.Mark.Phase;
import dev.kapal.cri.proto.ContainerEventResponse;
import dev.kapal.cri.proto.ContainerEventType;
import dev.kapal.cri.proto.PodSandboxStatus;
import dev.kapal.cri.service.Statuses;
import dev.kapal.cri.translate.Attributes;
import dev.kapal.cri.translate.ContainerMessages;
import dev.kapal.cri.translate.PodMessages;
import dev.kapal.cri.translate.Times;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Event;
import dev.kapal.engine.Events;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PodInfo;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells subscribers what happens to containers and pods.
 *
 * <p>What there is to tell is the difference between what has been told and what is. An event of
 * the engine only says where to look. So nothing is lost that happened while nobody listened, or
 * while there was no daemon: it is told to the next subscriber, in order.
 *
 * <p>One thread looks and hands out; each subscriber's own thread sends. All state is guarded by
 * this object's monitor.
 */
final class Feed implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final String END = "the daemon ends";

  private final Engine engine;
  private final Statuses statuses;
  private final Clock clock;
  private final Told told;
  private final Map<String, Mark> handedOut = new HashMap<>();
  private final Set<Subscriber> subscribers = new LinkedHashSet<>();
  private Optional<Thread> looking = Optional.empty();
  private boolean closed;

  Feed(Engine engine, Statuses statuses, Clock clock, Told told) {
    this.engine = engine;
    this.statuses = statuses;
    this.clock = clock;
    this.told = told;
  }

  /** A new subscriber; the only one gets first what nobody was told. */
  synchronized Subscriber join() {
    Subscriber subscriber = new Subscriber();
    subscribers.add(subscriber);
    if (closed) {
      subscriber.end(END);
    } else if (looking.isEmpty()) {
      looking = Optional.of(Thread.ofPlatform().daemon().name("cri-events").start(this::look));
    }
    return subscriber;
  }

  /** It goes. */
  synchronized void leave(Subscriber subscriber) {
    subscribers.remove(subscriber);
    if (subscribers.isEmpty()) {
      // What waited for it has not been told.
      handedOut.clear();
      told.write();
      looking.ifPresent(Thread::interrupt);
      looking = Optional.empty();
    }
  }

  /** Something has been sent to somebody. */
  synchronized void told(Mark mark) {
    told.put(mark);
  }

  private void look() {
    try (Events.Subscription events =
        engine.events().subscribe(Optional.empty(), Optional.empty(), Filters.NONE)) {
      begin();
      long last = 0;
      while (!events.ended()) {
        Optional<Event> event = events.next(PATIENCE);
        if (event.isPresent()) {
          long sequence = event.get().sequence();
          if (last > 0 && sequence != last + 1) {
            // Some were dropped by the engine's own queue.
            lookAtAll();
          }
          last = sequence;
          lookAt(event.get());
        }
        writeIfDue();
      }
    } catch (InterruptedException e) {
      // Nobody subscribes any more.
    } catch (RuntimeException e) {
      System.getLogger(Feed.class.getName())
          .log(Level.ERROR, "events of pods and containers cannot be told", e);
      fail(e);
    }
  }

  /** Who subscribes again gets what is missing, or is told that it still cannot be told. */
  private synchronized void fail(RuntimeException why) {
    if (current()) {
      subscribers.forEach(s -> s.end("events cannot be told: " + why.getMessage()));
      handedOut.clear();
      looking = Optional.empty();
    }
  }

  private synchronized void begin() {
    if (current()) {
      told.all().forEach(mark -> handedOut.put(mark.id(), mark));
      lookAtAll();
    }
  }

  private synchronized void writeIfDue() {
    told.writeIfDue();
  }

  /** Whether this thread is still the one that looks. */
  private boolean current() {
    return looking.filter(t -> t.equals(Thread.currentThread())).isPresent();
  }

  private synchronized void lookAt(Event event) {
    if (!current()) {
      return;
    }
    switch (event.type()) {
      case "container" -> lookAtContainer(event.actor());
      case "pod" -> lookAtPod(event.actor());
      default -> {
        // Images, networks and volumes are not told of.
      }
    }
  }

  private synchronized void lookAtAll() {
    if (!current()) {
      return;
    }
    List<Mark> known = new ArrayList<>(handedOut.values());
    known.stream().filter(m -> !isPod(m)).forEach(m -> lookAtContainer(m.id()));
    known.stream().filter(Feed::isPod).forEach(m -> lookAtPod(m.id()));
    List<PodInfo> pods = engine.pods().list().reversed();
    pods.forEach(pod -> lookAtPod(pod.id()));
    pods.stream().flatMap(pod -> pod.containers().stream()).forEach(this::lookAtContainer);
  }

  private static boolean isPod(Mark mark) {
    return mark.id().equals(mark.pod());
  }

  private void lookAtContainer(String id) {
    Optional<ContainerInfo> container = containerOf(id).filter(Attributes::known);
    if (container.isEmpty()) {
      deleted(id);
      return;
    }
    ContainerInfo c = container.get();
    Optional<PodInfo> pod = podOf(ContainerMessages.pod(c));
    if (pod.isEmpty()) {
      return; // It goes with its pod; that it has gone will be told.
    }
    advance(id, pod.get(), Phase.CREATED, c.created());
    if (c.started().isPresent()) {
      advance(id, pod.get(), Phase.STARTED, c.started().get());
    }
    if (!c.state().alive() && c.state() != ContainerState.CREATED) {
      advance(id, pod.get(), Phase.STOPPED, c.finished().orElse(clock.instant()));
    }
  }

  private void lookAtPod(String id) {
    Optional<PodInfo> pod = podOf(id).filter(Attributes::known);
    if (pod.isEmpty()) {
      deleted(id);
      return;
    }
    advance(id, pod.get(), Phase.CREATED, pod.get().created());
    advance(id, pod.get(), Phase.STARTED, pod.get().created());
    if (!pod.get().ready()) {
      advance(id, pod.get(), Phase.STOPPED, clock.instant());
    }
  }

  private Optional<ContainerInfo> containerOf(String id) {
    try {
      return Optional.of(engine.containers().inspect(id));
    } catch (EngineException.NotFound e) {
      return Optional.empty();
    }
  }

  private Optional<PodInfo> podOf(String id) {
    try {
      return Optional.of(engine.pods().inspect(id));
    } catch (EngineException.NotFound e) {
      return Optional.empty();
    }
  }

  private void advance(String id, PodInfo pod, Phase phase, Instant when) {
    Mark before = handedOut.get(id);
    if (before != null && before.phase().compareTo(phase) >= 0) {
      return;
    }
    PodSandboxStatus status = PodMessages.status(pod);
    handOut(
        Mark.of(id, status, phase),
        ContainerEventResponse.newBuilder()
            .setPodSandboxStatus(status)
            .addAllContainersStatuses(statuses.ofPod(pod)),
        when);
  }

  private void deleted(String id) {
    Mark before = handedOut.get(id);
    if (before == null) {
      return;
    }
    Optional<PodInfo> pod = podOf(before.pod());
    ContainerEventResponse.Builder message =
        ContainerEventResponse.newBuilder()
            .setPodSandboxStatus(pod.map(PodMessages::status).orElseGet(before::lastStatus));
    pod.ifPresent(p -> message.addAllContainersStatuses(statuses.ofPod(p)));
    handOut(
        new Mark(
            id,
            before.pod(),
            Phase.DELETED,
            before.podName(),
            before.podNamespace(),
            before.podUid(),
            before.podAttempt()),
        message,
        clock.instant());
  }

  private void handOut(Mark mark, ContainerEventResponse.Builder message, Instant when) {
    if (mark.phase() == Phase.DELETED) {
      handedOut.remove(mark.id());
    } else {
      handedOut.put(mark.id(), mark);
    }
    ContainerEventResponse done =
        message
            .setContainerId(mark.id())
            .setContainerEventType(type(mark.phase()))
            .setCreatedAt(Times.nanos(when))
            .build();
    subscribers.forEach(s -> s.offer(new Subscriber.News(done, mark)));
  }

  private static ContainerEventType type(Phase phase) {
    return switch (phase) {
      case CREATED -> ContainerEventType.CONTAINER_CREATED_EVENT;
      case STARTED -> ContainerEventType.CONTAINER_STARTED_EVENT;
      case STOPPED -> ContainerEventType.CONTAINER_STOPPED_EVENT;
      case DELETED -> ContainerEventType.CONTAINER_DELETED_EVENT;
    };
  }

  @Override
  public synchronized void close() {
    closed = true;
    subscribers.forEach(s -> s.end(END));
    looking.ifPresent(Thread::interrupt);
    looking = Optional.empty();
    told.write();
  }
}
