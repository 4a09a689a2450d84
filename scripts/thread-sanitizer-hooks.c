// Tells the thread sanitizer what Swift's runtime synchronises, for scripts/sanitize.
//
// On Linux the runtime libraries are not instrumented, and what they order looks like a race: the slow path of
// Synchronization.Mutex, a value handed over by a continuation, an object that was let go by all others, a job run by
// another thread. The runtime has annotations of its own for the last, but its initialiser loses to the sanitizer's
// empty one.
// Loaded with LD_PRELOAD; does nothing in processes without the sanitizer.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SWIFT_ASYNC __attribute__((swiftasynccall))
#define SELF __attribute__((swift_context)) void *self

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));
extern SWIFT void *swift_task_getCurrent(void) __attribute__((weak));

static void acquire(void *address) {
    if (__tsan_acquire) __tsan_acquire(address);
}

static void release(void *address) {
    if (__tsan_release) __tsan_release(address);
}

// Looks the runtime's own function up once; two threads that do so find the same.
#define NEXT(type, name)                                          \
    ({                                                            \
        static type found;                                        \
        if (!found) found = (type)dlsym(RTLD_NEXT, name);         \
        found;                                                    \
    })

// _MutexHandle._lockSlow(_: UInt32) and ._unlockSlow(); the fast paths are inlined, and so instrumented.
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
typedef SWIFT void (*Lock)(uint32_t, SELF);
typedef SWIFT void (*Unlock)(SELF);
SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF) {
    NEXT(Lock, LOCK)(thread, self);
    acquire(self);
}

SWIFT void unlock_slow(SELF) {
    release(self);
    NEXT(Unlock, UNLOCK)(self);
}

// A continuation's value is ordered by the runtime: whoever resumes releases, and whoever goes on after the await
// acquires. A task that was suspended goes on as a job, which the runtime annotates. One that was not goes on at once,
// on the same thread, where its context says; there a step is put that acquires first.
typedef SWIFT void (*Resume)(void *task);
typedef SWIFT void (*ResumeWithError)(void *task, void *error);
typedef struct Context Context;
typedef SWIFT_ASYNC void (*Step)(__attribute__((swift_async_context)) Context *);
typedef SWIFT_ASYNC void (*Await)(Context *continuation);
struct Context {
    Context *parent;
    Step next;
    size_t flags;
};
enum { GOES_ON_ELSEWHERE = 2 };  // the continuation names an executor

SWIFT void swift_continuation_resume(void *task) {
    release(task);
    NEXT(Resume, "swift_continuation_resume")(task);
}

SWIFT void swift_continuation_throwingResume(void *task) {
    release(task);
    NEXT(Resume, "swift_continuation_throwingResume")(task);
}

SWIFT void swift_continuation_throwingResumeWithError(void *task, void *error) {
    release(task);
    NEXT(ResumeWithError, "swift_continuation_throwingResumeWithError")(task, error);
}

static __thread Step replaced;

static SWIFT_ASYNC void go_on(__attribute__((swift_async_context)) Context *context) {
    context->next = replaced;
    acquire(swift_task_getCurrent());
    __attribute__((musttail)) return context->next(context);
}

// It goes on in the task's next step instead of returning, so this call must be the last.
SWIFT_ASYNC void swift_continuation_await(Context *continuation) {
    Await await = NEXT(Await, "swift_continuation_await");
    if (continuation->flags & GOES_ON_ELSEWHERE) {
        acquire(swift_task_getCurrent());
    } else {
        replaced = continuation->next;
        continuation->next = go_on;
    }
    __attribute__((musttail)) return await(continuation);
}

// Whoever lets go of an object is done with it before somebody else finds to be its only owner, and changes or destroys
// it. The reference count orders them; it stands behind the object's first word (RefCount.h of the runtime): the
// references but one from bit 33 on; negative if they never end, or are kept elsewhere because of weak references.
// Only a release that leaves other owners tells the sanitizer, which needs some memory for each object told of.
// (Releases within the runtime itself stay unseen: it calls its own function, not this one.)
enum { COUNT_OFFSET = 8, COUNT_BIT = 33 };
static const uintptr_t BRIDGED_POINTER = 0x80fffffffffffff9;  // a string's storage; its other bits are the string's
typedef void (*Release)(void *object);

void swift_release(void *object) {
    if ((intptr_t)object <= 0) return;
    _Atomic int64_t *count = (_Atomic int64_t *)((char *)object + COUNT_OFFSET);
    int64_t seen = atomic_load_explicit(count, memory_order_relaxed);
    if ((uint32_t)seen == UINT32_MAX) return;  // immortal
    if (seen < 0 || seen >> COUNT_BIT) release(object);
    while (seen >> COUNT_BIT > 0) {
        if (atomic_compare_exchange_weak(count, &seen, seen - ((int64_t)1 << COUNT_BIT))) return;
    }
    acquire(object);
    NEXT(Release, "swift_release")(object);
}

void swift_release_n(void *object, uint32_t times) {
    while (times--) swift_release(object);
}

void swift_bridgeObjectRelease(void *object) {
    swift_release((void *)((uintptr_t)object & BRIDGED_POINTER));
}

void swift_bridgeObjectRelease_n(void *object, uint32_t times) {
    swift_release_n((void *)((uintptr_t)object & BRIDGED_POINTER), times);
}

typedef bool (*Question)(void *object);
#define TELLS_WHO_IS_ALONE(name)                      \
    bool name(void *object) {                         \
        bool alone = NEXT(Question, #name)(object);   \
        if (alone) acquire(object);                   \
        return alone;                                 \
    }
TELLS_WHO_IS_ALONE(swift_isUniquelyReferenced_native)
TELLS_WHO_IS_ALONE(swift_isUniquelyReferenced_nonNull_native)

// What the sanitizer would call, were it not for its own definition of the same name.
__attribute__((constructor)) static void start_annotations(void) {
    void *core = dlopen("libswiftCore.so", RTLD_LAZY | RTLD_NOLOAD);
    void (*start)(void) = core ? (void (*)(void))dlsym(core, "__tsan_on_initialize") : 0;
    if (start && __tsan_acquire) start();
}
