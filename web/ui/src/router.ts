import { createRouter, createWebHistory, type Router, type RouteRecordRaw } from 'vue-router'
import type { useSession } from './lib/session'

const inside: RouteRecordRaw[] = [
  { path: '', redirect: '/me' },
  { path: 'me', name: 'me', component: () => import('./pages/Me.vue') },
  { path: 'risk', redirect: '/risk/alerts' },
  { path: 'risk/alerts', name: 'alerts', component: () => import('./pages/risk/AlertDesk.vue'), meta: { need: 'alert.read' } },
  { path: 'risk/alerts/:id', name: 'alert', component: () => import('./pages/risk/AlertPage.vue'), props: true, meta: { need: 'alert.read' } },
  { path: 'risk/rules', name: 'rules', component: () => import('./pages/risk/Rules.vue'), meta: { need: 'rule.read' } },
  { path: 'risk/rules/:id', name: 'rule', component: () => import('./pages/risk/RulePage.vue'), props: true, meta: { need: 'rule.read' } },
  { path: 'risk/patrols', name: 'rounds', component: () => import('./pages/risk/Rounds.vue'), meta: { need: 'rule.read' } },
  { path: 'risk/patrols/:id', name: 'round', component: () => import('./pages/risk/RoundPage.vue'), props: true, meta: { need: 'rule.read' } },
  { path: 'screens', name: 'screens', component: () => import('./pages/Screens.vue') },
  { path: 'admin', redirect: '/about' },
  { path: 'admin/datasources/:tab?', name: 'data', component: () => import('./pages/data/DataPage.vue'), props: true, meta: { need: 'data.read' } },
  { path: 'admin/datasources/tables/:code', name: 'table', component: () => import('./pages/data/TablePage.vue'), props: true, meta: { need: 'data.read' } },
  { path: 'admin/users', name: 'users', component: () => import('./pages/admin/Users.vue'), meta: { need: 'user.read' } },
  { path: 'admin/roles', name: 'roles', component: () => import('./pages/admin/Roles.vue'), meta: { need: 'user.read' } },
  { path: 'admin/audit', name: 'audit', component: () => import('./pages/admin/Audit.vue'), meta: { need: 'audit.read' } },
  { path: 'admin/sessions', name: 'sessions', component: () => import('./pages/admin/Sessions.vue'), meta: { need: 'session.end' } },
  { path: 'admin/jobs', name: 'jobs', component: () => import('./pages/admin/Jobs.vue'), meta: { need: 'job.read' } },
  { path: 'about', name: 'about', component: () => import('./pages/About.vue') },
  { path: ':module(inspect|events|office|reports|data)', name: 'planned', component: () => import('./pages/Planned.vue'), props: true },
  { path: ':rest(.*)*', name: 'missing', component: () => import('./pages/Missing.vue') },
]

/** All addresses of the workbench. Without a session every one of them leads to the login page first. */
export function makeRouter(session: ReturnType<typeof useSession>): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/login', name: 'login', component: () => import('./pages/login/Login.vue'), meta: { open: true } },
      { path: '/setup', name: 'setup', component: () => import('./pages/login/Setup.vue'), meta: { open: true } },
      { path: '/password', name: 'password', component: () => import('./pages/login/Password.vue') },
      { path: '/', component: () => import('./shell/Shell.vue'), children: inside },
    ],
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  })
  router.beforeEach(async (to) => {
    if (to.meta.open) return true
    if (!session.known) await session.load().catch(() => undefined)
    if (!session.session) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
    if (session.session.mustChange && to.name !== 'password') return { name: 'password', query: { next: to.fullPath } }
    return true
  })
  return router
}
