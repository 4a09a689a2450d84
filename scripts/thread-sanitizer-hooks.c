// Tells the thread sanitizer what Swift's runtime synchronises, for scripts/sanitize.
//
// On Linux the runtime libraries are not instrumented, and what they order looks like a race: the slow path of
// Synchronization.Mutex, a value handed over by a continuation, a job run by another thread. The runtime has
// annotations of its own for the last, but its initialiser loses to the sanitizer's empty one.
// Loaded with LD_PRELOAD; does nothing in processes without the sanitizer.
#define _GNU_SOURCE
#include <dlfcn.h>
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

// What the sanitizer would call, were it not for its own definition of the same name.
__attribute__((constructor)) static void start_annotations(void) {
    void *core = dlopen("libswiftCore.so", RTLD_LAZY | RTLD_NOLOAD);
    void (*start)(void) = core ? (void (*)(void))dlsym(core, "__tsan_on_initialize") : 0;
    if (start && __tsan_acquire) start();
}
