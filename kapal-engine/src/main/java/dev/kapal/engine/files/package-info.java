/**
 * File systems of containers, always by descriptor: nothing here gives a path that a container can
 * influence to a call that would follow it out of the container's root.
 */
@NullMarked
package dev.kapal.engine.files;

import org.jspecify.annotations.NullMarked;
