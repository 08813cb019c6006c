/** The client: pull, push, lists, with retry, resume and mirrors. */
@NullMarked
package dev.kapal.image.registry.client;

import org.jspecify.annotations.NullMarked;
